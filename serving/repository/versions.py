"""Numbered versions of a model on disk: list and publish.

A model is a folder with a sub-folder for each version, named by its number, as TensorFlow Serving
polls it. Everything else in it has a name with a leading dot:

- `.lock`: locked by the process that adds or removes versions, or changes which of them serve;
- `.serving.config`: which versions serve (`served_versions.py`); without it the newest;
- `.last-version`: the largest number ever published, so that none is used twice;
- `.staging-*`: a version being written, with the file `owner` locked by its writer;
- `.pruned-*`: versions being deleted.

A version appears and disappears by one rename, so a model server never sees half of it, even if the
writer is killed. Needs filelock and nothing else outside the standard library, so that models can
be seeded where there is no TensorFlow.
"""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from serving.repository.atomic_write import atomic_write, sync
from serving.repository.checksums import write_checksums
from serving.repository.errors import AlreadyPublished, ModelChanged
from serving.repository.errors import VersionsError as VersionsError

SERVED = ".serving.config"
"""The file beside the versions that says which of them serve."""

_MAX_NUMBER = 2**63 - 1  # TensorFlow Serving reads numbers as int64.
_SPARE_BYTES = 16 * 2**20  # kept free for bookkeeping and other writers


def published_versions(base: Path) -> list[int]:
    """Return the numbers of the versions in `base`, ascending; an empty list if it does not exist.

    A folder `007` is not a version, because the path of version 7 is `7`. Its number still counts
    as used when a new one is chosen, since TensorFlow Serving takes it for version 7.

    Raises:
        VersionsError: `base` cannot be read as a folder.
    """
    found = _numbered_entries(base)
    return sorted(n for name, n in found if name == str(n) and (base / name).is_dir())


def model_state(base: Path) -> tuple[list[int], bytes]:
    """Return what a new version is judged against: the versions, and which of them are to serve.

    Raises:
        VersionsError: `base` cannot be read.
    """
    chosen = base / SERVED
    with explained(f"cannot read {chosen}"):
        return published_versions(base), chosen.read_bytes() if chosen.exists() else b""


@dataclass(frozen=True)
class Staging:
    """A version of the model in `base` while it is written into `folder`."""

    base: Path
    folder: Path

    def publish(self, *, only_first: bool = False, expected: object = None) -> int:
        """Add checksums, sync the folder to disk, rename it to the next number and return that.

        Raises:
            VersionsError: the folder is empty, or the file system failed; nothing is published.
            AlreadyPublished: `only_first`, and the model has a version (checked under the lock).
            ModelChanged: the `model_state` is not the expected one (likewise).
        """
        with explained(f"cannot publish in {self.base}"):
            if not any(self.folder.iterdir()):
                raise VersionsError(f"nothing to publish: {self.folder} is empty")
            write_checksums(self.folder)
            for path in (self.folder, *self.folder.rglob("*")):
                sync(path)
            with locked(self.base):
                if only_first and published_versions(self.base):
                    raise AlreadyPublished(f"{self.base} has a version already")
                if expected is not None and model_state(self.base) != expected:
                    raise ModelChanged(f"the versions in {self.base} have changed")
                number = 1 + largest_used(self.base)
                remember(self.base, number)
                # The kernel never replaces a folder that is not empty, such as a version.
                self.folder.rename(self.base / str(number))
                sync(self.base)
        return number


@contextlib.contextmanager
def staged(base: Path, *, needed_bytes: int = 0) -> Iterator[Staging]:
    """Provide a folder to write a new version into; without `publish` it is removed at the end.

    The folder is beside the versions, on the same file system, so that publishing is a rename.
    Folders whose writers have died are removed first.

    Args:
        base: the model's folder; created if missing.
        needed_bytes: about how much will be written.

    Raises:
        VersionsError: `base` cannot be created or written, or has too little free space.
    """
    with explained(f"cannot write in {base}"):
        base.mkdir(parents=True, exist_ok=True)
        _check_free_space(base, needed_bytes)
        with locked(base):
            remove_stale(base)
            outer = Path(tempfile.mkdtemp(prefix=".staging-", dir=base))
            owner = _lock(outer / "owner")
            owner.acquire()
    try:
        folder = outer / "version"  # Unlike mkdtemp's folder, it has the umask's permissions.
        with explained(f"cannot write in {base}"):
            folder.mkdir()
        yield Staging(base, folder)
    finally:
        shutil.rmtree(outer, ignore_errors=True)
        owner.release()


def publish_copy(source: Path, base: Path) -> int | None:
    """Publish a copy of the version in `source` if `base` has no version yet.

    It may be repeated, and run in several processes at once: the first to finish publishes.

    Returns:
        The new number; None if there was a version.

    Raises:
        VersionsError: `source` is not a folder, or `base` can't be written or is full.
    """
    if not source.is_dir():
        raise VersionsError(f"cannot copy a version: {source} is not a folder")
    if published_versions(base):
        return None
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    with staged(base, needed_bytes=sum(path.stat().st_size for path in files)) as staging:
        with explained(f"cannot copy {source} to {base}"):
            for path in files:
                copy = staging.folder / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        try:
            return staging.publish(only_first=True)
        except AlreadyPublished:
            return None


@contextlib.contextmanager
def explained(failure: str) -> Iterator[None]:
    """Turn an OSError into a VersionsError."""
    try:
        yield
    except OSError as error:
        raise VersionsError(f"{failure}: {error.strerror or error}") from error


def _numbered_entries(base: Path) -> Iterator[tuple[str, int]]:
    """Yield name and number of everything that TensorFlow Serving could take for a version."""
    with explained(f"cannot list the versions in {base}"):
        names = os.listdir(base) if base.exists() else []
    for name in names:
        if re.fullmatch("[0-9]{1,19}", name) and int(name) <= _MAX_NUMBER:
            yield name, int(name)


def _check_free_space(base: Path, needed_bytes: int) -> None:
    needed, free = needed_bytes + _SPARE_BYTES, shutil.disk_usage(base).free
    if free < needed:
        raise VersionsError(
            f"too little space in {base}: {needed / 2**20:.0f} MiB needed, {free / 2**20:.0f} MiB"
            " free; free some, for example by removing old versions (python -m training prune)"
        )


def locked(base: Path) -> FileLock:
    """Return the lock of the model in `base`: whoever holds it may change its folder."""
    return _lock(base / ".lock")


def _lock(file: Path) -> FileLock:
    """Return a lock that the kernel releases when its process ends, unlike a soft lock."""
    return FileLock(file, thread_local=False, fallback_to_soft=False)


def remove_stale(base: Path) -> None:
    """Remove what dead writers and pruners left behind. Call with the lock held."""
    for folder in base.glob(".pruned-*"):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in base.glob(".staging-*"):
        if not _has_owner(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _has_owner(outer: Path) -> bool:
    """Return whether the writer of a staging folder lives. Call with the lock held."""
    try:
        with _lock(outer / "owner").acquire(blocking=False):
            return False
    except OSError:  # Locked, or owned by another user, who has to remove it.
        return True


def largest_used(base: Path) -> int:
    """Return the largest number ever used, 0 if there is none. Call with the lock held."""
    path = base / ".last-version"
    text = path.read_text("ascii", errors="replace").strip() if path.exists() else "0"
    if not re.fullmatch("[0-9]{1,19}", text):
        raise VersionsError(f"{path} contains {text[:40]!r}, not the largest number ever published")
    return max([int(text), *(number for _, number in _numbered_entries(base))])


def remember(base: Path, number: int) -> None:
    """Store the largest number used, unless it is stored. Call with the lock held."""
    path = base / ".last-version"
    if path.exists() and path.read_text("ascii", errors="replace") == f"{number}\n":
        return
    with atomic_write(path) as new:
        new.write_text(f"{number}\n", "ascii")
