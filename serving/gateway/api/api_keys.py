"""API keys: made at random, stored as SHA-256 sums, several at once so that they can be rotated."""

import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from serving.errors import Unauthorized

KEY_BYTES = 32  # 256 bits
QUIET_SECONDS = 10.0
KEYED = "/v1/"
"""What the paths begin with that ask for a key."""

log = logging.getLogger(__name__)


def new_key() -> tuple[str, str]:
    """Return a new random key and its SHA-256 sum in hexadecimal, the line for the keys file."""
    key = secrets.token_urlsafe(KEY_BYTES)
    return key, _sum(key)


class ApiKeys:
    """The keys of a file with one SHA-256 sum (64 hexadecimal digits) a line, `#` for comments.

    The file may change while the gateway runs: it is read again when its time or size changes, and
    while it can't be read, the keys that were read last stay valid.

    Raises:
        OSError: the file can't be read at the start.
        ValueError: a line of it is no SHA-256 sum.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._sums = read_sums(file)
        self._stamp: tuple[int, ...] | None = None
        self._clock = clock
        self._warned_at = -QUIET_SECONDS

    def check(self, authorization: str | None) -> None:
        """Check the value of an `Authorization` header.

        Raises:
            Unauthorized: it is no `Bearer KEY` with one of the keys.
        """
        scheme, _, key = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not key.strip():
            raise Unauthorized("Send the header 'Authorization: Bearer KEY' with your API key.")
        given = _sum(key.strip())
        # Every sum is compared, each in constant time: the time taken tells nothing about the keys.
        matches = [hmac.compare_digest(given, known) for known in self._current_sums()]
        if not any(matches):
            raise Unauthorized("This API key is not valid. Ask whoever runs this service for one.")

    def _current_sums(self) -> list[str]:
        try:
            stat = self._file.stat()
            # With the time of its rights: a file that could not be read may have got them.
            stamp = stat.st_mtime_ns, stat.st_ctime_ns, stat.st_size, stat.st_ino
            if stamp != self._stamp:
                self._read(stamp)
        except OSError as error:
            self._warn(error)
        return self._sums

    def _read(self, stamp: tuple[int, ...]) -> None:
        try:
            self._sums = read_sums(self._file)
        except ValueError as error:  # It stays wrong until it changes.
            self._warn(error)
        self._stamp = stamp

    def _warn(self, error: Exception) -> None:
        if self._clock() - self._warned_at >= QUIET_SECONDS:
            self._warned_at = self._clock()
            log.warning("API keys can't be read (%s); those read before stay valid", error)


def read_sums(file: Path) -> list[str]:
    """Read the keys file.

    Raises:
        OSError: it can't be read.
        ValueError: a line is no SHA-256 sum; the message names the line.
    """
    sums = []
    for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
        text = line.partition("#")[0].strip().lower()
        if text and (len(text) != 64 or set(text) - set("0123456789abcdef")):
            raise ValueError(f"{file}, line {number}: not a SHA-256 sum (64 hexadecimal digits)")
        if text:
            sums.append(text)
    return sums


def _sum(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
