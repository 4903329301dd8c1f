"""`train.zip` of Kaggle's dogs-vs-cats as folders: train, validation, test, of cats and dogs each.

Every photo is decoded once; what does not decode lies apart, with a list of why. The same archive
and seed give the same files, byte by byte; an interrupted work is continued. Nothing of the archive
but its photos is written, and each only under a name of ours.
"""

import csv
import fcntl
import json
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from threading import Lock

from serving.photos import prepare
from serving.photos.errors import BadPhoto
from training.data.datasets import file_digest
from training.data.loaders.cats_dogs import FOLDERS, kaggle_label, kaggle_order, read_member
from training.data.loaders.image_folders import PREPARED, SPLIT_FOLDERS
from training.data.registry import Progress
from training.data.splitting import FEWEST, split_class
from training.errors import TrainingError
from training.threads import mapped

DAMAGED = "damaged"
DAMAGED_LIST = "damaged.csv"

_CHECKED_AS = ("squash/1", (150, 150, 3))
_LARGEST_PHOTO = 64 * 2**20  # Bytes; a gateway takes less.
_TIGHTEST = 20  # Times that photos may be larger than the archive: JPEGs hardly shrink.
_SPARE = 64 * 2**20  # Bytes left free on the disk.


@dataclass(frozen=True)
class Prepared:
    """What has been made.

    Attributes:
        photos: how many there are for each split and class folder.
        damaged: how many have been set aside.
    """

    photos: dict[tuple[str, str], int]
    damaged: int


@dataclass(frozen=True)
class _Photo:
    """A photo of the archive, and the file that it becomes."""

    member: zipfile.ZipInfo
    split: str  # Its folder.
    inner: str  # The folder of its class.

    @property
    def name(self) -> str:
        return PurePosixPath(self.member.filename).name


def prepare_dogs_vs_cats(path: Path, folder: Path, split: int, progress: Progress) -> Prepared:
    """Divide the photos of an archive into folders, or go on with that.

    Args:
        path: `train.zip`.
        folder: new, empty, or of an earlier call with the same archive and split.
        split: another number is another split; the same as `split` in recipes.
        progress: called with the photos done and all photos.

    Raises:
        TrainingError: the archive is damaged, foreign or a trap, the folder has something else in
            it, or the disk is full. What has been written is whole, and continued by another call.
    """
    if not path.is_file():
        raise TrainingError(f"there is no archive {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            photos = _photos(archive, path, split)
            with _claimed(folder, {"archive": file_digest(path), "split": split}):
                _check_space(photos, folder)
                return _write(archive, photos, folder, progress)
    except zipfile.BadZipFile as error:
        raise TrainingError(f"{path} is no intact zip file ({error}): fetch it again") from error
    except OSError as error:
        raise TrainingError(
            f"cannot prepare {path} in {folder} ({error.strerror or error}); once that is mended,"
            " the same command goes on where it was"
        ) from error


def _photos(archive: zipfile.ZipFile, path: Path, split: int) -> list[_Photo]:
    """Return the photos of an archive that is what it should be, in their splits."""
    members = archive.infolist()
    for member in members:
        _check_member(member, path)
    size = sum(member.file_size for member in members)
    if size > _TIGHTEST * max(path.stat().st_size, 2**20):
        raise TrainingError(
            f"{path} is refused: its {path.stat().st_size:,} bytes would become {size:,}"
        )
    found = {label: _labelled(members, label) for label in FOLDERS.values()}
    if any(len(names) < FEWEST for names in found.values()):
        nested = "train.zip" in archive.namelist()
        advice = "; it holds train.zip: unpack that first" if nested else ""
        raise TrainingError(
            f"{path} has too few photos named train/cat.N.jpg and train/dog.N.jpg{advice}"
        )
    folders = {name: folder for folder, name in SPLIT_FOLDERS.items()}
    photos = []
    for inner, label in FOLDERS.items():
        places = split_class(list(found[label]), kaggle_order(split))
        photos += [
            _Photo(member, folders[places[name]], inner) for name, member in found[label].items()
        ]
    return sorted(photos, key=lambda photo: photo.member.header_offset)


def _check_member(member: zipfile.ZipInfo, path: Path) -> None:
    name = member.filename
    windows = PureWindowsPath(name)
    if windows.is_absolute() or windows.drive or name.startswith("/") or ".." in windows.parts:
        raise TrainingError(f"{path} is refused: its member {name!r} lies outside of the archive")
    if member.file_size > _LARGEST_PHOTO:
        raise TrainingError(
            f"{path} is refused: its member {name!r} would become {member.file_size:,} bytes; no"
            f" photo may have more than {_LARGEST_PHOTO:,}"
        )


def _labelled(members: list[zipfile.ZipInfo], label: str) -> dict[str, zipfile.ZipInfo]:
    """Return the photos of a class by their names."""
    found: dict[str, zipfile.ZipInfo] = {}
    for member in members:
        if kaggle_label(member.filename) == label:
            name = PurePosixPath(member.filename).name
            if name in found:
                raise TrainingError(
                    f"the archive has two photos named {name}: {found[name].filename} and"
                    f" {member.filename}"
                )
            found[name] = member
    return found


@contextmanager
def _claimed(folder: Path, made_from: dict[str, object]) -> Iterator[None]:
    """Note in the folder what it is made from, and keep others from making it meanwhile."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(path.name != PREPARED for path in folder.iterdir()) and not (folder / PREPARED).exists():
        raise TrainingError(f"{folder} is not empty: name a new folder")
    with open(folder / PREPARED, "a+") as note:
        try:
            fcntl.flock(note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TrainingError(f"{folder} is being prepared by another process") from None
        note.seek(0)
        before = note.read()
        if not before:
            note.write(json.dumps(made_from) + "\n")
            note.flush()
        elif json.loads(before) != made_from:
            raise TrainingError(
                f"{folder} was made from another archive or with another split: name a new folder"
            )
        yield


def _check_space(photos: list[_Photo], folder: Path) -> None:
    """Find out whether there is room for what is still to be written.

    Raises:
        TrainingError: there is not.
    """
    missing = [photo for photo in photos if not _target(folder, photo).exists()]
    needed = sum(photo.member.file_size for photo in missing) + _SPARE
    free = shutil.disk_usage(folder).free
    if missing and free < needed:
        raise TrainingError(
            f"the disk of {folder} has {free / 2**20:,.0f} MiB free, and {needed / 2**20:,.0f} MiB"
            " are needed: make room, or name a folder on another disk"
        )


def _target(folder: Path, photo: _Photo) -> Path:
    return folder / photo.split / photo.inner / photo.name


def _write(
    archive: zipfile.ZipFile, photos: list[_Photo], folder: Path, progress: Progress
) -> Prepared:
    for photo in photos:
        _target(folder, photo).parent.mkdir(parents=True, exist_ok=True)
    (folder / DAMAGED).mkdir(exist_ok=True)
    read = partial(read_member, archive, reading=Lock())
    faults: dict[str, str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    work: Callable[[_Photo], str] = partial(_extract, read, folder)
    for done, (photo, fault) in enumerate(zip(photos, mapped(work, photos), strict=True), 1):
        if fault:
            faults[photo.name] = fault
        else:
            counts[photo.split, photo.inner] += 1
        progress(done, len(photos))
    with open(folder / DAMAGED_LIST, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("photo", "reason"))
        rows.writerows(sorted(faults.items()))
    return Prepared(dict(counts), len(faults))


def _extract(read: Callable[[str], bytes], folder: Path, photo: _Photo) -> str:
    """Write a photo that is not there yet; return what is wrong with it, if something is."""
    target = _target(folder, photo)
    if _is_there(target, photo.member):
        return ""
    try:
        encoded = read(photo.member.filename)
    except OSError as error:
        return f"it can't be read from the archive ({error})"
    try:
        prepare(encoded, *_CHECKED_AS)
    except BadPhoto as error:
        _put(folder / DAMAGED / photo.name, encoded)
        return str(error)
    _put(target, encoded)
    return ""


def _is_there(target: Path, member: zipfile.ZipInfo) -> bool:
    """Whether a photo has been written: what is written has been checked before."""
    try:
        if target.stat().st_size != member.file_size:
            return False
        return zlib.crc32(target.read_bytes()) == member.CRC
    except FileNotFoundError:
        return False


def _put(target: Path, content: bytes) -> None:
    aside = target.with_name(f".new-{target.name}")
    aside.write_bytes(content)
    aside.replace(target)
