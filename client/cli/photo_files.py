"""The photos named on the command line: files, and standard input."""

import os
import stat
import sys
from collections.abc import Iterator, Sequence

from ..multipart import Photo

PHOTOS_PER_REQUEST = 8
BYTES_PER_REQUEST = 15_000_000  # Less than the server's default limit.

_STANDARD_INPUT = "-"


class UsageError(Exception):
    """The command can't be carried out with these arguments."""


def batches(names: Sequence[str]) -> Iterator[list[str]]:
    """Check that the photos can be read, and split them into requests, in order."""
    if names.count(_STANDARD_INPUT) > 1:
        raise UsageError("standard input (-) can be given only once")
    batch: list[str] = []
    total = 0
    for name in names:
        size = _size(name)
        if batch and (len(batch) == PHOTOS_PER_REQUEST or total + size > BYTES_PER_REQUEST):
            yield batch
            batch, total = [], 0
        batch.append(name)
        total += size
    yield batch


def _size(name: str) -> int:
    """Return the size of a photo's file in bytes, 0 for standard input."""
    if name == _STANDARD_INPUT:
        return 0
    try:
        found = os.stat(name)
    except (OSError, ValueError) as error:
        raise UsageError(f"{name}: {getattr(error, 'strerror', error)}") from error
    if stat.S_ISDIR(found.st_mode):
        raise UsageError(f"{name} is a directory: give the photos in it, such as {name}/*.jpg")
    if not os.access(name, os.R_OK):
        raise UsageError(f"{name}: Permission denied")
    return found.st_size


def as_photo(name: str) -> Photo:
    """Return a photo as the client accepts it."""
    return sys.stdin.buffer if name == _STANDARD_INPUT else name
