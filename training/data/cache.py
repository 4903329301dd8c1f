"""Results that are computed once and kept on disk, such as prepared photos and features.

The folder is PHOTOLABEL_CACHE, else `~/.cache/photolabel`; it can be deleted at any time. An entry
is named by what it was made from, so no entry ever has to be refreshed.
"""

import contextlib
import hashlib
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from filelock import FileLock

from serving.repository.atomic_write import sync
from training.cache_folder import cache_folder
from training.errors import TrainingError

_ABANDONED = 7 * 24 * 3600  # Seconds after which an unfinished entry counts as abandoned.

Read = TypeVar("Read")


def cached(key: str, write: Callable[[Path], None], read: Callable[[Path], Read]) -> Read:
    """Return what a cache entry holds; write the entry first if it is missing.

    Several runs may ask for an entry at the same time: one writes it, the others wait. An entry
    that can't be read, as when part of it was deleted, is written again.

    Args:
        key: names everything that the entry depends on.
        write: fills the folder that it is given; called only if the entry is missing. After an
            interruption the folder has what was written before, and writing may continue there.
        read: opens the entry; raises FileNotFoundError or ValueError if it is incomplete.

    Raises:
        TrainingError: the cache cannot be written.
    """
    folder = _cached_folder(key, write)
    if _is_damaged(folder, read):
        with FileLock(_lock_of(folder)):
            if _is_damaged(folder, read):  # Another process may have replaced it meanwhile.
                shutil.rmtree(folder, ignore_errors=True)
        folder = _cached_folder(key, write)
    return read(folder)


def _is_damaged(folder: Path, read: Callable[[Path], object]) -> bool:
    try:
        read(folder)
    except (FileNotFoundError, ValueError):  # Other errors are not about the entry.
        return True
    return False


def _cached_folder(key: str, write: Callable[[Path], None]) -> Path:
    cache = cache_folder()
    entry = cache / hashlib.sha256(key.encode()).hexdigest()[:32]
    if entry.exists():
        return entry
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(cache)
        with FileLock(_lock_of(entry)):
            if not entry.exists():
                _write(entry, write)
    except OSError as error:
        raise TrainingError(
            f"cannot write into the cache {cache} ({error.strerror or error}): make room there, or"
            " name another folder with PHOTOLABEL_CACHE"
        ) from error
    return entry


def _lock_of(entry: Path) -> Path:
    return entry.with_name(f".lock-{entry.name}")


def _write(entry: Path, write: Callable[[Path], None]) -> None:
    """Fill a temporary folder and rename it: an entry is complete or missing."""
    aside = entry.with_name(f".new-{entry.name}")
    aside.mkdir(exist_ok=True)
    write(aside)
    for path in aside.iterdir():
        sync(path)
    aside.rename(entry)


def _remove_abandoned(cache: Path) -> None:
    for aside in cache.glob(".new-*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - aside.stat().st_mtime > _ABANDONED:
                shutil.rmtree(aside, ignore_errors=True)
