"""Zip files of photos: their members are checked before one is read, and read one by one."""

import unicodedata
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from lzma import LZMAError
from pathlib import Path, PureWindowsPath
from threading import Lock

from training.data.class_folders import LeftOut, junk_reason
from training.data.prepared_photos import Source
from training.errors import TrainingError

MAX_PHOTO_BYTES = 64 * 2**20
"""Of a member; a gateway accepts less."""

_MAX_RATIO = 20  # Of extracted to archived bytes: photos hardly shrink.
_ENCRYPTED = 1  # Bit in the flags of a member.


@contextmanager
def photos_in_archive(path: Path, left_out: LeftOut) -> Iterator[list[Source]]:
    """Provide the files of a zip file, which can be read within the context.

    Those that systems put there are left out and counted.

    Raises:
        TrainingError: it is not a zip file, has malicious members, or needs a password.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        raise TrainingError(f"{path} is not a valid zip file ({error})") from error
    with archive:
        members = archive.infolist()
        check_members(members, path)
        if locked := next((each for each in members if each.flag_bits & _ENCRYPTED), None):
            raise TrainingError(
                f"{locked.filename} in {path} has a password: zip the photos without one"
            )
        yield list(_sources(archive, path, left_out))


def check_members(members: Sequence[zipfile.ZipInfo], path: Path) -> None:
    """Check that no member of an archive leads out of its folder or becomes far too large.

    Raises:
        TrainingError: one does.
    """
    size = sum(_checked_size(member, path) for member in members)
    if size > _MAX_RATIO * max(path.stat().st_size, 2**20):
        raise TrainingError(
            f"{path} is refused: its {path.stat().st_size:,} bytes would become {size:,}"
        )


def read_member(archive: zipfile.ZipFile, name: str, reading: Lock) -> bytes:
    """Return a member of an archive that several threads read.

    Raises:
        OSError: it is damaged, encrypted, or far larger than photos are.
    """
    if archive.getinfo(name).file_size > MAX_PHOTO_BYTES:
        raise OSError(f"it has more than {MAX_PHOTO_BYTES:,} bytes")
    try:
        with reading:  # The threads share one file object.
            return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, RuntimeError) as error:
        raise OSError(str(error)) from error


def _sources(archive: zipfile.ZipFile, path: Path, left_out: LeftOut) -> Iterator[Source]:
    reading = Lock()
    for member in archive.infolist():
        if member.is_dir():
            continue
        name = unicodedata.normalize("NFC", member.filename.replace("\\", "/"))
        if reason := next(filter(None, map(junk_reason, name.split("/"))), None):
            left_out[reason] += 1
            continue
        read = partial(read_member, archive, member.filename, reading)
        yield Source(name, read, f"{path.name}/{name}")


def _checked_size(member: zipfile.ZipInfo, path: Path) -> int:
    name = member.filename
    windows = PureWindowsPath(name)
    if windows.is_absolute() or windows.drive or name.startswith("/") or ".." in windows.parts:
        raise TrainingError(f"{path} is refused: its member {name!r} points outside the folder")
    if member.file_size > MAX_PHOTO_BYTES:
        raise TrainingError(
            f"{path} is refused: its member {name!r} would become {member.file_size:,} bytes; no"
            f" photo may have more than {MAX_PHOTO_BYTES:,}"
        )
    return member.file_size
