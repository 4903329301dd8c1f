"""JSON files that a reader sees either as they were or as they are now."""

import json
from pathlib import Path

from serving.repository.atomic_write import atomic_write
from training.errors import explained


def write_json(path: Path, value: object) -> None:
    """Write a JSON file in one step."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    with (
        explained(f"cannot write {path}", "free some space there"),
        atomic_write(path) as temporary,
    ):
        temporary.write_text(text + "\n", "utf-8")
