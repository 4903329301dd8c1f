"""Numbered versions of a model on disk: list, publish, prune.

A model is a folder with a sub-folder for each version, named by its number, as TensorFlow Serving
polls it. Everything else in it has a name with a leading dot:

- `.lock`: held (`flock`) by whoever changes what versions there are;
- `.last-version`: the largest number ever published, so that none is used twice;
- `.staging-*`: a version being written, with the file `owner` locked by its writer;
- `.pruned-*`: versions being deleted.

A version comes and goes by one rename: whoever polls never sees half of it, whenever a writer dies.
Standard library only: containers without TensorFlow seed models with it.
"""

import contextlib
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

_LARGEST = 2**63 - 1  # TensorFlow Serving reads numbers as int64.
_SPARE_BYTES = 16 * 2**20  # Left free beside a version, for bookkeeping and other writers.


class VersionsError(Exception):
    """A version cannot be listed, published or removed; says why and what to do."""


class AlreadyPublished(VersionsError):
    """Only a first version was to be published, and there is one."""


def published_versions(base: Path) -> list[int]:
    """Return the numbers of the versions in `base`, ascending; none if it does not exist.

    A folder `007` is no version: its path could not be told from its number. It still counts as
    used when a new number is chosen, since TensorFlow Serving takes it for version 7.

    Raises:
        VersionsError: `base` cannot be read as a folder.
    """
    found = _numbered_entries(base)
    return sorted(n for name, n in found if name == str(n) and (base / name).is_dir())


@dataclass(frozen=True)
class Staging:
    """A version of the model in `base`, being written into `folder`."""

    base: Path
    folder: Path

    def publish(self, *, only_first: bool = False) -> int:
        """Make the folder durable, claim the next number, rename the folder to it and return it.

        Raises:
            VersionsError: nothing was written, or the file system refused: nothing is published.
            AlreadyPublished: `only_first` and there is a version, decided under the lock.
        """
        if not any(self.folder.iterdir()):
            raise VersionsError(f"nothing to publish: {self.folder} is empty")
        with _explained(f"cannot publish in {self.base}"):
            for path in (self.folder, *self.folder.rglob("*")):
                _sync(path)
            with _locked(self.base):
                if only_first and published_versions(self.base):
                    raise AlreadyPublished(f"there is a version in {self.base}")
                number = 1 + _largest_used(self.base)
                _remember(self.base, number)
                # The name is free; were it not, the kernel would refuse to replace a version.
                self.folder.rename(self.base / str(number))
                _sync(self.base)
        return number


@contextlib.contextmanager
def staged(base: Path, *, needed_bytes: int = 0) -> Iterator[Staging]:
    """Give a folder to write a new version into; what is not published is removed at the end.

    The folder lies beside the versions, on the same file system, so that publishing is a rename.
    Those whose writers died are removed first.

    Args:
        base: the model's folder; made where missing.
        needed_bytes: about how much will be written.

    Raises:
        VersionsError: `base` cannot be made or written, or has too little free space.
    """
    with _explained(f"cannot write in {base}"):
        base.mkdir(parents=True, exist_ok=True)
        _check_free_space(base, needed_bytes)
        with _locked(base):
            _remove_stale(base)
            outer = Path(tempfile.mkdtemp(prefix=".staging-", dir=base))
            owner = _take_lock(outer / "owner")
    try:
        folder = outer / "version"  # Unlike mkdtemp's own, as readable as the umask says.
        with _explained(f"cannot write in {base}"):
            folder.mkdir()
        yield Staging(base, folder)
    finally:
        shutil.rmtree(outer, ignore_errors=True)
        os.close(owner)


def publish_copy(source: Path, base: Path) -> int | None:
    """Publish a copy of the version in `source` if `base` has no version yet.

    Safe to repeat and to run several times at once: the first to finish publishes.

    Returns:
        The new number; None if there was a version.

    Raises:
        VersionsError: `source` is no folder, or `base` can't be written or is full.
    """
    if not source.is_dir():
        raise VersionsError(f"no version to copy: {source} is not a folder")
    if published_versions(base):
        return None
    files = [path for path in sorted(source.rglob("*")) if path.is_file()]
    with staged(base, needed_bytes=sum(path.stat().st_size for path in files)) as staging:
        with _explained(f"cannot copy {source} to {base}"):
            for path in files:
                copy = staging.folder / path.relative_to(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy)
        try:
            return staging.publish(only_first=True)
        except AlreadyPublished:
            return None


def prune(base: Path, keep: int, protected: Collection[int] = ()) -> list[int]:
    """Remove all versions but the `keep` newest and the protected ones.

    Returns:
        The numbers removed, ascending. They are not used again.

    Raises:
        VersionsError: `keep` is below 1, or `base` cannot be changed.
    """
    if keep < 1:
        raise VersionsError(f"at least one version has to be kept, not {keep}")
    if not base.is_dir():
        raise VersionsError(f"there is no model folder {base}")
    with _explained(f"cannot remove versions of {base}"), _locked(base):
        _remove_stale(base)
        removed = [n for n in published_versions(base)[:-keep] if n not in protected]
        _remember(base, _largest_used(base))  # Whatever is deleted by hand later.
        aside = Path(tempfile.mkdtemp(prefix=".pruned-", dir=base))
        for number in removed:
            (base / str(number)).rename(aside / str(number))
        _sync(base)
        shutil.rmtree(aside)
    return removed


@contextlib.contextmanager
def _explained(failure: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise VersionsError(f"{failure}: {error.strerror or error}") from error


def _numbered_entries(base: Path) -> Iterator[tuple[str, int]]:
    """Yield whatever TensorFlow Serving could take for a version."""
    with _explained(f"cannot list the versions in {base}"):
        names = os.listdir(base) if base.exists() else []
    for name in names:
        if re.fullmatch("[0-9]{1,19}", name) and int(name) <= _LARGEST:
            yield name, int(name)


def _check_free_space(base: Path, needed_bytes: int) -> None:
    needed, free = needed_bytes + _SPARE_BYTES, shutil.disk_usage(base).free
    if free < needed:
        raise VersionsError(
            f"too little space in {base}: {needed / 2**20:.0f} MiB needed, {free / 2**20:.0f} MiB"
            " free; remove something, such as old versions (python -m training prune)"
        )


def _take_lock(path: Path) -> int:
    """Lock a file until the descriptor returned is closed, at the latest by the process's end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor


@contextlib.contextmanager
def _locked(base: Path) -> Iterator[None]:
    lock = _take_lock(base / ".lock")
    try:
        yield
    finally:
        os.close(lock)


def _remove_stale(base: Path) -> None:
    """Remove what dead writers and pruners left. Call with the lock held."""
    for folder in base.glob(".pruned-*"):
        shutil.rmtree(folder, ignore_errors=True)
    for folder in base.glob(".staging-*"):
        if not _has_owner(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _has_owner(outer: Path) -> bool:
    """Whether the writer of a staging folder lives, which makes it and its file under the lock."""
    try:
        with open(outer / "owner", "rb") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except OSError as error:  # Locked, or another user's, whose to remove it is.
        return not isinstance(error, FileNotFoundError)


def _largest_used(base: Path) -> int:
    """Return the largest number ever used, 0 if none. Call with the lock held."""
    path = base / ".last-version"
    text = path.read_text("ascii", errors="replace").strip() if path.exists() else "0"
    if not re.fullmatch("[0-9]{1,19}", text):
        raise VersionsError(f"{path} holds {text[:40]!r}, not the largest number ever published")
    return max([int(text), *(number for _, number in _numbered_entries(base))])


def _remember(base: Path, number: int) -> None:
    """Note the largest number used, durably and in one step. Call with the lock held."""
    new = base / ".last-version.new"
    new.write_text(f"{number}\n", "ascii")
    _sync(new)
    new.replace(base / ".last-version")
    _sync(base)


def _sync(path: Path) -> None:
    """Write a file or the entries of a folder through to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
