"""The files of a run's folder that tell how the run went. No framework is imported here.

`history.json`: what each epoch gave (`training.runs.history`). `evaluation.json` and
`evaluation.npz`: how the trained network does on the test split (`training.metrics.evaluation`).
`model_card.json`: the card.
"""

import json
from pathlib import Path
from typing import Any

from training.atomic_write import atomic_write
from training.errors import TrainingError

HISTORY = "history.json"
EVALUATION = "evaluation.json"
CARD = "model_card.json"


def read_history(folder: Path) -> list[dict[str, Any]]:
    """Return the epochs of a run's folder; none if it has no history.

    Raises:
        TrainingError: the file is damaged.
    """
    path = folder / HISTORY
    if not path.exists():
        return []
    try:
        entries = json.loads(path.read_text("utf-8"))
        return sorted(({**entry} for entry in entries), key=lambda entry: int(entry["epoch"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TrainingError(f"{path} is no history of a run ({error}): remove it") from error


def write_json(path: Path, value: object) -> None:
    """Write a file of a run in one step: a reader sees the old one or the new one.

    Raises:
        TrainingError: the file system refused.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    try:
        with atomic_write(path) as aside:
            aside.write_text(text + "\n", "utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise TrainingError(f"cannot write {path} ({reason}): make room there") from error


def read_card(folder: Path) -> dict[str, Any]:
    """Return the model card of a run's folder.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    path = folder / CARD
    try:
        card = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise TrainingError(
            f"{folder} has no {CARD}: it is no folder of a run that has ended"
        ) from error
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path} is no model card ({error})") from error
    return dict(card)
