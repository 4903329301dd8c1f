"""The bytes of a file that have arrived, `<name>.part`, and of which version of the file they are.

The version is in `<name>.part.json`: the URL, and the ETag or the time of modification.
"""

import json
from pathlib import Path

from serving.repository.atomic_write import sync


class PartialFile:
    """A file that is being downloaded to `target`."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")

    def size(self) -> int:
        """Return how many bytes have arrived."""
        return self.path.stat().st_size if self.path.exists() else 0

    def restart(self, address: str, validator: str) -> None:
        """Start with an empty file of another version."""
        self.path.write_bytes(b"")
        self._note.write_text(json.dumps({"address": address, "validator": validator}), "utf-8")

    def validator(self, address: str) -> str:
        """Return the version of the bytes; empty if it is unknown, or they are of another URL."""
        try:
            note = json.loads(self._note.read_text("utf-8"))
            return str(note["validator"]) if note["address"] == address else ""
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return ""

    def discard(self) -> None:
        """Remove what has arrived."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def move_to(self, target: Path) -> None:
        """Put the complete file into its place, in one step."""
        sync(self.path)
        self.path.replace(target)
        sync(target.parent)
        self._note.unlink(missing_ok=True)
