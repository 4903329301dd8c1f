"""A file that may change while a program runs."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

QUIET_SECONDS = 10.0

T = TypeVar("T")
_logger = logging.getLogger(__name__)


class ChangingFile(Generic[T]):
    """What a file says, read again when its time, size or inode changes.

    If that fails, what was read before stays valid. The log has a line for each change that made
    the file invalid, and one every ten seconds while it can't be read.
    """

    def __init__(
        self,
        file: Path,
        read: Callable[[Path], T],
        what: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the file for the first time.

        Args:
            file: which may be a symbolic link, as in a volume of Kubernetes.
            read: raises OSError or ValueError if the file is missing or damaged.
            what: it says, in the plural, for the log.
            clock: in seconds.

        Raises:
            OSError, ValueError: of `read`.
        """
        self._file = file
        self._read = read
        self._what = what
        self._clock = clock
        self._warned_at = -QUIET_SECONDS
        self._stamp = _stamp(file)
        self._found = read(file)

    def current(self) -> T:
        """Return what the file says now or, while it is damaged, what it said before."""
        try:
            stamp = _stamp(self._file)
            if stamp != self._stamp:
                self._read_again(stamp)
        except OSError as error:
            if self._clock() - self._warned_at >= QUIET_SECONDS:
                self._warned_at = self._clock()
                self._warn(error)
        return self._found

    def _read_again(self, stamp: tuple[int, ...]) -> None:
        try:
            self._found = self._read(self._file)
        except ValueError as error:  # It stays invalid until it changes.
            self._warn(error)
        self._stamp = stamp

    def _warn(self, error: Exception) -> None:
        message = "can't read the %s (%s); those read before stay valid"
        _logger.warning(message, self._what, error)


def _stamp(file: Path) -> tuple[int, ...]:
    """Return what changes when a file, or a link on the way to it, does."""
    stat = file.stat()
    # `ctime` too: a file may have become readable, which changes only this.
    return stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino, stat.st_dev
