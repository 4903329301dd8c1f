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


def read_history(folder: Path) -> list[dict[str, Any]]:
    """Return the epochs of a run; an empty list if its folder has no history."""
    path = folder / HISTORY
    if not path.exists():
        return []
    try:
        entries = json.loads(path.read_text("utf-8"))
        return sorted(({**entry} for entry in entries), key=lambda entry: int(entry["epoch"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} is not the history of a run ({error}): remove it") from error
