"""The starter models in the tree: trained by the default recipes, put in place if good enough."""

import json
import shutil
from pathlib import Path

from training.errors import TrainingError

STARTERS = Path(__file__).resolve().parents[2] / "serving" / "repository" / "starters"

LEAST_ACCURACY = {"clothing": 0.93, "cats-dogs": 0.92}
"""Test accuracy below which a model is no starter."""

MOST_BYTES = 6_000_000
"""Of all starters together: they are part of the source tree."""


def install(version: Path, starters: Path) -> Path:
    """Put a published version in place as the starter of its model, instead of the one before.

    Args:
        version: the folder of a published version.
        starters: the folder of the starters, `STARTERS` in the tree.

    Returns:
        The starter's folder, `<model>/1`.

    Raises:
        TrainingError: it is not accurate enough, too large beside the others, or can't be written.
    """
    card = json.loads((version / "assets.extra" / "model_card.json").read_text("utf-8"))
    name, accuracy = card["name"], card["metrics"]["test"]["accuracy"]
    if accuracy < LEAST_ACCURACY[name]:
        raise TrainingError(
            f"{version} is no starter: its test accuracy is {accuracy:.2%}, at least"
            f" {LEAST_ACCURACY[name]:.0%} is wanted"
        )
    others = [folder for folder in starters.glob("*/1") if folder.parent.name != name]
    size = sum(map(_size, (version, *others)))
    if size > MOST_BYTES:
        raise TrainingError(
            f"{version} is no starter: with the others it would take {size:,} bytes, at most"
            f" {MOST_BYTES:,} are wanted"
        )
    return _replace(version, starters / name / "1")


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _replace(version: Path, target: Path) -> Path:
    try:
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(version, target)
    except OSError as error:
        raise TrainingError(f"cannot write the starter {target} ({error})") from error
    return target
