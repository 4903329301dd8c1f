"""Locks that tell whether the process that works on an item is still alive, on the same disk."""

import fcntl
import os
from pathlib import Path


class ItemLock:
    """A locked file; the lock ends with its process, however that ends."""

    def __init__(self, file: Path, descriptor: int) -> None:
        self._file = file
        self._descriptor = descriptor

    def release(self) -> None:
        """Remove the file, and unlock it."""
        self._file.unlink(missing_ok=True)
        os.close(self._descriptor)


def take_lock(file: Path) -> ItemLock | None:
    """Return the lock of a file, which is created; None if a living process has it."""
    descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o666)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink:  # Otherwise it was released, and another file is there.
            return ItemLock(file, descriptor)
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None
