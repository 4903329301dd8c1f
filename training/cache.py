"""Things worked out once and kept on disk, such as prepared photos.

The folder is PHOTOLABEL_CACHE, else `~/.cache/photolabel`. What is in it can be deleted at any
time. An entry is named by what it was made from, so that none ever has to be refreshed.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from training.errors import TrainingError


def cached_folder(key: str, write: Callable[[Path], None]) -> Path:
    """Return the folder of a cache entry, after having it written where there is none.

    Several runs may ask for one entry at a time: one writes it, the others wait.

    Args:
        key: names everything that the entry depends on.
        write: fills the folder that it is given; called only where the entry is missing.

    Raises:
        TrainingError: the cache cannot be written.
    """
    cache = _cache()
    entry = cache / hashlib.sha256(key.encode()).hexdigest()[:32]
    if entry.exists():
        return entry
    try:
        with _locked(cache):
            if not entry.exists():
                _write(entry, write)
    except OSError as error:
        raise TrainingError(
            f"cannot write into the cache {cache} ({error.strerror or error}): make room there, or"
            " name another folder with PHOTOLABEL_CACHE"
        ) from error
    return entry


def _cache() -> Path:
    named = os.environ.get("PHOTOLABEL_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "photolabel"


@contextlib.contextmanager
def _locked(cache: Path) -> Iterator[None]:
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / ".lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(entry: Path, write: Callable[[Path], None]) -> None:
    """Fill a folder aside and rename it: an entry is whole or not there."""
    for abandoned in entry.parent.glob(".new-*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    aside = Path(tempfile.mkdtemp(prefix=".new-", dir=entry.parent))
    try:
        write(aside)
        aside.rename(entry)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
