"""Files that are whole or not there, whenever a process dies or a machine loses power."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a path beside a file to write its new content to; then put that in the file's place.

    The name given ends as the file's does, since writers may choose a format by it.

    Raises:
        OSError: the file system refused; the file is as it was.
    """
    aside = path.with_name(f".new-{path.name}")
    try:
        yield aside
        sync(aside)
        aside.replace(path)
        sync(path.parent)
    finally:
        aside.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Write a file, or the entries of a folder, through to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
