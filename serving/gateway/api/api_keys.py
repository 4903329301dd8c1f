"""API keys: random, stored as SHA-256 sums; several may be valid at once, for rotation."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from serving.http_errors import Unauthorized
from serving.repository.changing_file import ChangingFile

KEYED = "/v1/"
"""The prefix of all paths that need a key, where keys are configured."""


def new_key() -> tuple[str, str]:
    """Return a new random key and its SHA-256 sum in hexadecimal, the line for the keys file.

    A key never begins with `-`: command lines would take it for an option.
    """
    while (key := secrets.token_urlsafe(32)).startswith("-"):  # 256 bits
        pass
    return key, _sum(key)


class ApiKeys:
    """The keys of a file with one SHA-256 sum (64 hexadecimal digits) per line, `#` for comments.

    The file may change while the gateway runs (`ChangingFile`): if it can't be read again, the keys
    read last stay valid.

    Raises:
        OSError: the file can't be read at the start.
        ValueError: a line is not a SHA-256 sum.
    """

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._sums = ChangingFile(file, read_sums, "API keys", clock)

    def check(self, authorization: str | None) -> None:
        """Check the value of an `Authorization` header.

        Raises:
            Unauthorized: it is not `Bearer KEY` with one of the keys.
        """
        key = read_key(authorization)
        if not key:
            raise Unauthorized("Send the header 'Authorization: Bearer KEY' with your API key.")
        given = _sum(key)
        # All sums are compared, each in constant time, so timing reveals nothing about the keys.
        matches = [hmac.compare_digest(given, known) for known in self._sums.current()]
        if not any(matches):
            raise Unauthorized(
                "This API key is not valid. Ask the operator of this service for one."
            )


def read_key(authorization: str | None) -> str:
    """Return the key in the value of an `Authorization` header; an empty text if it has none."""
    scheme, _, key = (authorization or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def read_sums(file: Path) -> list[str]:
    """Return the sums of a keys file.

    Raises:
        OSError: it can't be read.
        ValueError: a line is not a SHA-256 sum; the message names it.
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
