"""JSON files, written in one step."""

import json
from pathlib import Path

from serving.repository.atomic_write import atomic_write
from training.errors import explained


def write_json(path: Path, value: object) -> None:
    """Write a JSON file in one step."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    advice = "free some space there"
    with explained(f"cannot write {path}", advice), atomic_write(path) as temporary:
        temporary.write_text(text + "\n", "utf-8")
