"""JSON files that a reader sees either as they were or as they are now."""

import json
from pathlib import Path

from training.atomic_write import atomic_write
from training.errors import TrainingError


def write_json(path: Path, value: object) -> None:
    """Write a JSON file in one step.

    Raises:
        TrainingError: the file cannot be written.
    """
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    try:
        with atomic_write(path) as temporary:
            temporary.write_text(text + "\n", "utf-8")
    except OSError as error:
        reason = error.strerror or error
        raise TrainingError(f"cannot write {path} ({reason}): free some space there") from error
