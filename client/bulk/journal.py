"""The journal of a bulk run: one line of JSON for each photo, appended and synced to disk.

Everything else, the results file and the sorted folders, can be made again from it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .errors import BulkError

Row = dict[str, Any]
"""image, and either error or label, probability, recognized, version, probabilities."""

_SYNC_SECONDS = 1.0


class Journal:
    """An open journal, locked against other runs.

    Args:
        path: its file, which may exist.
        settings: what the results depend on; those of an existing journal must be the same.

    Raises:
        BulkError: another run uses it, or it was written with other settings.
        OSError: it can't be read or written.
    """

    def __init__(self, path: Path, settings: dict[str, Any]) -> None:
        self.path = path
        self._file = path.open("a+b")
        try:
            self._lock()
            self._repair()
            self._check(settings)
        except BaseException:
            self._file.close()
            raise
        self._done = {_digest(row["image"]) for row in self.rows()}
        self.resumed = len(self._done)
        self._synced = time.monotonic()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ValueError):
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()

    def is_done(self, image: str) -> bool:
        """Whether the journal had a row for this photo when it was opened."""
        return _digest(image) in self._done

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows; they survive the end of this process, and soon a power loss."""
        self._file.write(b"".join(_line(row) for row in rows))
        self._file.flush()
        if time.monotonic() - self._synced > _SYNC_SECONDS:
            os.fsync(self._file.fileno())
            self._synced = time.monotonic()

    def rows(self) -> Iterator[Row]:
        """Yield all rows, in constant memory."""
        with self.path.open("rb") as file:
            next(file)
            for line in file:
                yield json.loads(line)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = f"another run is writing {self.path}: wait for it, or choose another --out"
            raise BulkError(message) from error

    def _repair(self) -> None:
        """Cut off what a power loss or a kill has left half written."""
        self._file.seek(0)
        good = 0
        for number, line in enumerate(self._file):
            if not line.endswith(b"\n") or not _is_valid(line, first=number == 0):
                break
            good += len(line)
        if good == 0 and os.fstat(self._file.fileno()).st_size > 0:
            self._file.seek(0)
            if b"\n" in self._file.read(65_536):
                raise BulkError(f"{self.path} is not a journal of bulk: choose another --out")
        self._file.truncate(good)

    def _check(self, settings: dict[str, Any]) -> None:
        self._file.seek(0)
        first = self._file.readline()
        if not first:
            self._file.write(_line({"photolabel-bulk": 1, **settings}))
            self._file.flush()
            return
        known = json.loads(first)
        for name, value in settings.items():
            if known.get(name) != value:
                raise BulkError(
                    f"{self.path} was begun with {name} {known.get(name)!r}, now it is {value!r}:"
                    " use the same, or another --out"
                )


def _line(content: dict[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode() + b"\n"


def _is_valid(line: bytes, *, first: bool) -> bool:
    try:
        content = json.loads(line)
    except ValueError:
        return False
    return isinstance(content, dict) and ("photolabel-bulk" if first else "image") in content


def _digest(image: str) -> int:
    """Return 64 bits for a name: 100,000 of them collide once in 4 billion runs."""
    encoded = image.encode("utf-8", "surrogateescape")
    return int.from_bytes(hashlib.blake2b(encoded, digest_size=8).digest(), "little")
