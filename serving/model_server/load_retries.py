"""When to try again to load a version that could not be loaded."""

import os
from dataclasses import dataclass
from pathlib import Path

_FIRST_WAIT_SECONDS = 60.0  # TensorFlow Serving's load_retry_interval.
_LONGEST_WAIT_SECONDS = 3600.0

# The path, size and modification time of each file.
Fingerprint = frozenset[tuple[str, int, int]]


def fingerprint(folder: Path) -> Fingerprint:
    """Return a value that changes when a version's files do, without reading them."""
    files = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    found = set()
    for file in files:
        try:
            status = file.stat()
        except OSError:  # Removed since it was listed.
            continue
        found.add((str(file.relative_to(folder)), status.st_size, status.st_mtime_ns))
    return frozenset(found)


@dataclass
class _Failure:
    tried: Fingerprint
    seen: Fingerprint
    retry_at: float
    wait: float


class LoadRetries:
    """Remembers the failed loads of one model and decides when to try again.

    That is when the files have changed since and then stayed the same from one poll to the next (a
    copy may still be in progress), or after some time: a minute, doubling up to an hour.
    """

    def __init__(self) -> None:
        self._failures: dict[int, _Failure] = {}

    def record_failure(self, version: int, tried: Fingerprint, now: float) -> None:
        """Remember that loading a version with the fingerprint `tried` failed."""
        last = self._failures.get(version)
        wait = min(last.wait * 2, _LONGEST_WAIT_SECONDS) if last else _FIRST_WAIT_SECONDS
        self._failures[version] = _Failure(tried, tried, now + wait, wait)

    def may_load(self, version: int, folder: Path, now: float) -> bool:
        """Return whether to load the version now. Call once for each poll."""
        failure = self._failures.get(version)
        if failure is None or now >= failure.retry_at:
            return True
        before, failure.seen = failure.seen, fingerprint(folder)
        return failure.seen == before and failure.seen != failure.tried

    def keep_only(self, versions: set[int]) -> None:
        """Forget all other versions; should one come back, it is loaded at once."""
        for version in self._failures.keys() - versions:
            del self._failures[version]
