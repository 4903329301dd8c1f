"""Versions that could not be loaded, and when to try again."""

import os
from dataclasses import dataclass
from pathlib import Path

_FIRST_WAIT_SECONDS = 60.0  # TensorFlow Serving's load_retry_interval.
_LONGEST_WAIT_SECONDS = 3600.0

# What tells two states of a folder apart: each file's path, size and time of change.
Fingerprint = frozenset[tuple[str, int, int]]


def fingerprint(folder: Path) -> Fingerprint:
    """Return what is in a version's folder, without reading the files."""
    files = (Path(root, name) for root, _, names in os.walk(folder) for name in names)
    found = set()
    for file in files:
        try:
            status = file.stat()
        except OSError:  # Gone since it was listed.
            continue
        found.add((str(file.relative_to(folder)), status.st_size, status.st_mtime_ns))
    return frozenset(found)


@dataclass
class _Failure:
    tried: Fingerprint
    seen: Fingerprint
    retry_at: float
    wait: float


class Failures:
    """Remembers failed loads of one model, so that they are tried again only with a reason.

    A reason is that the files changed since and then stayed the same from one look to the next (a
    copy may still be going on), or that some time has passed: a minute, doubling up to an hour.
    """

    def __init__(self) -> None:
        self._failures: dict[int, _Failure] = {}

    def note(self, version: int, tried: Fingerprint, now: float) -> None:
        """Remember that loading the version failed.

        Args:
            version: its number.
            tried: its files as they were before the load.
            now: the time, in seconds.
        """
        last = self._failures.get(version)
        wait = min(last.wait * 2, _LONGEST_WAIT_SECONDS) if last else _FIRST_WAIT_SECONDS
        self._failures[version] = _Failure(tried, tried, now + wait, wait)

    def may_load(self, version: int, folder: Path, now: float) -> bool:
        """Whether there is a reason to load the version. Call once for each look at the disk."""
        failure = self._failures.get(version)
        if failure is None or now >= failure.retry_at:
            return True
        before, failure.seen = failure.seen, fingerprint(folder)
        return failure.seen == before and failure.seen != failure.tried

    def keep_only(self, versions: set[int]) -> None:
        """Forget versions that are not wanted any more: they start anew should they come back."""
        for version in self._failures.keys() - versions:
            del self._failures[version]
