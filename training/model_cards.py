"""Model cards on disk: one in the folder of each run, one in each published version."""

import json
import math
from pathlib import Path
from typing import Any

from training.errors import TrainingError

CARD = "model_card.json"
VERSION_CARD = Path("assets.extra", CARD)
"""The card inside a published version's folder."""


def read_card(path: Path) -> dict[str, Any]:
    """Read a model card."""
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise TrainingError(f"cannot read the model card {path} ({error})") from error


def read_run_card(folder: Path) -> dict[str, Any]:
    """Read the model card in the folder of a run."""
    if not (folder / CARD).is_file():
        raise TrainingError(f"{folder} has no {CARD}: it is not the folder of a finished run")
    return read_card(folder / CARD)


def stated_accuracy(card: dict[str, Any], split: str = "test") -> float | None:
    """Return the accuracy on the photos of a split that a card states; None if it states none."""
    try:
        stated = float(card["metrics"][split]["accuracy"])
    except (KeyError, TypeError, ValueError):
        return None
    return stated if math.isfinite(stated) else None


def times(trained: dict[str, Any]) -> str:
    """Say how long a run took, and what that contains, as far as its card tells.

    Args:
        trained: of the card; `seconds` are those of fitting alone.
    """
    if "seconds" not in trained:
        return ""
    fitted, whole = f"fitted in {trained['seconds']:,.0f} s", total_seconds(trained)
    if whole is None:
        return fitted
    return f"{fitted}, {whole:,.0f} s with loading, calibration and evaluation"


def total_seconds(trained: dict[str, Any]) -> float | None:
    """Return the seconds of loading, fitting and evaluating; None if they were not recorded."""
    parts = [trained.get(f"{part}seconds") for part in ("loading_", "", "evaluation_")]
    return None if None in parts else sum(part for part in parts if part)


def all_right(card: dict[str, Any]) -> bool:
    """Whether a calibrated model predicts all validation photos right.

    Then the temperature stays 1: the lower it was, the smaller would be the loss.
    """
    validation = card.get("metrics", {}).get("validation")
    calibrated = card.get("calibration", {}).get("calibrated")
    return bool(calibrated and validation and validation["accuracy"] == 1)


def start_text(start: dict[str, Any] | None) -> str:
    """Say what a model started from, by `started_from` of its card; empty without `--from`."""
    if not start:
        return ""
    name, epochs = start.get("run") or start.get("version"), start["epochs"]
    if start["continued"]:
        return f"{name}, continued with epoch {epochs + 1}"
    seen = start.get("trained_on", {})
    counts = " and ".join(f"{count:,} {split}" for split, count in seen.items())
    also = f"; trained there, or maybe: {counts} photos" if counts else ""
    return f"the weights of {name}, epoch {epochs}{also}"
