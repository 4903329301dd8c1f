"""The history of a run's epochs: `history.json` in its folder. No framework is imported here.

A list with one object per epoch, in order: `epoch` (from 1), `loss` (mean cross-entropy in nats, as
fitted) and `accuracy` on the training photos, `val_loss` and `val_accuracy` where there is a
validation split, `seconds` (wall clock, validation included), `images_per_second` (while fitting,
validation excluded). Training figures are means over the steps of the epoch.
"""

import json
from pathlib import Path
from typing import Any

from training.errors import TrainingError

HISTORY = "history.json"


def chosen_epoch(history: list[dict[str, Any]], trained: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of the epoch whose weights are the result; empty if they are not known.

    Args:
        history: of the run.
        trained: of its card.
    """
    best = best_epoch(trained)
    found = [entry for entry in history if best in (None, entry["epoch"])]
    return found[-1] if found else {}


def best_epoch(trained: dict[str, Any]) -> int | None:
    """Return the epoch that early stopping chose, by `trained` of a card; None without it."""
    best: int | None = trained.get("epochs", {}).get("best")
    return best


def read_history(folder: Path) -> list[dict[str, Any]]:
    """Return the epochs of a run; an empty list if its folder has no history."""
    path = folder / HISTORY
    if not path.exists():
        return []
    try:
        entries = json.loads(path.read_text("utf-8"))
        return sorted(({**entry} for entry in entries), key=lambda entry: int(entry["epoch"]))
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise TrainingError(f"{path} is not the history of a run ({error}): remove it") from error
