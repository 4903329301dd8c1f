"""Extract an archive of dogs-vs-cats into folders: train, validation and test.

Photos are split by content, then decoded once each; those that don't decode go to a folder of their
own, with a list of the reasons. The same archive and split give the same files, byte for byte; an
interrupted extraction is continued. Until all photos are there, the folder of the training split is
called `.train`, so that half of the photos are never trained on. Only photos are extracted, each to
a path that is chosen here.
"""

import csv
import json
import shutil
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock

from filelock import FileLock, Timeout

from serving.photos.errors import BadPhoto
from training.data.datasets import file_digest
from training.data.dogs_vs_cats.archive import checked_members, photo_name
from training.data.loaders.cats_dogs import FOLDERS
from training.data.loaders.image_folders import PREPARED
from training.data.photo_archives import read_member
from training.data.photo_limits import prepare_photo
from training.data.prepared_photos import Source, content_digests
from training.data.split_folders import SPLIT_FOLDERS
from training.data.splits import FEWEST, split_class
from training.errors import TrainingError
from training.progress_bars import ProgressCallback
from training.threads import mapped

DAMAGED = "damaged"
DAMAGED_LIST = "damaged.csv"
LOCK = ".prepared.lock"
TRAINING = "train"
UNFINISHED = ".train"

_CHECKED_AS = ("squash/1", (150, 150, 3))
_SPARE_BYTES = 64 * 2**20  # Left free on the disk.
_UNREADABLE = "it can't be read from the archive"
_Read = Callable[[str], bytes]  # From the name of a member to its content.


@dataclass(frozen=True)
class Prepared:
    """The number of extracted photos, by split folder and class folder, and of others.

    Damaged are all others, unreadable those of them that can't be read from the archive.
    """

    photos: dict[tuple[str, str], int]
    damaged: int
    unreadable: int


@dataclass(frozen=True)
class _Photo:
    """A photo of the archive and the folders that it goes to."""

    member: zipfile.ZipInfo
    split: str
    inner: str  # The folder of its class.
    name: str

    def target(self, folder: Path) -> Path:
        whole = self.split != TRAINING or (folder / TRAINING).exists()
        return folder / (self.split if whole else UNFINISHED) / self.inner / self.name


def prepare_dogs_vs_cats(
    path: Path, folder: Path, split: int, progress: ProgressCallback
) -> Prepared:
    """Extract the photos of an archive into folders, or continue that.

    Args:
        path: Kaggle's archive, or Microsoft's.
        folder: new, empty, or of an earlier call with the same archive and split.
        split: as `split_seed` of recipes.
        progress: reports the photos done.

    Raises:
        TrainingError: the archive is damaged, malicious or another one, the folder has other files,
            or the disk is full. Files that were written are complete; another call continues.
    """
    if not path.is_file():
        raise TrainingError(f"there is no archive {path}")
    try:
        with zipfile.ZipFile(path) as archive:
            members = checked_members(archive, path)
            _check_folder(folder)
            with FileLock(folder / LOCK, timeout=0):
                made_from = {"archive": file_digest(path), "split": split, "split_by": "content"}
                _claim(folder, made_from)
                read = partial(read_member, archive, reading=Lock())
                photos = _split(members, read, split)
                _check_space(photos, folder)
                return _write(photos, read, folder, progress)
    except Timeout as error:
        raise TrainingError(f"{folder} is being prepared by another process") from error
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise TrainingError(f"{path} is not a valid zip file ({error}): fetch it again") from error
    except OSError as error:
        raise TrainingError(
            f"cannot prepare {path} in {folder} ({error.strerror or error}): fix that, then run the"
            " same command again: it continues where it stopped"
        ) from error


def _split(found: dict[str, list[zipfile.ZipInfo]], read: _Read, split_seed: int) -> list[_Photo]:
    """Split the photos by content; those that can't be read are reported when they are written."""
    folders = {split: folder for folder, split in SPLIT_FOLDERS.items()}
    photos = []
    for inner, members in found.items():
        names = [member.filename for member in members]
        digests = content_digests([Source(name, partial(read, name), name) for name in names])
        contents = {digest for digest in digests if isinstance(digest, str)}
        if len(contents) < FEWEST:
            raise TrainingError(f"the archive has fewer than {FEWEST} different {inner}")
        splits = split_class(contents, split_seed)
        for member, digest in zip(members, digests, strict=True):
            split = folders[splits.get(str(digest), "training")]
            name = photo_name(member.filename, FOLDERS[inner])
            photos.append(_Photo(member, split, inner, name))
    return sorted(photos, key=lambda photo: photo.member.header_offset)


def _check_folder(folder: Path) -> None:
    """Make the folder, or check that an existing one holds nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {path.name for path in folder.iterdir()} - {LOCK}
    if names and PREPARED not in names:
        raise TrainingError(f"{folder} is not empty: name a new folder")


def _claim(folder: Path, made_from: dict[str, object]) -> None:
    """Note in a folder what it is made from, or check that it is made from the same."""
    note = folder / PREPARED
    before = note.read_text("utf-8") if note.exists() else ""
    if not before:
        note.write_text(json.dumps(made_from) + "\n", "utf-8")
    elif json.loads(before) != made_from:
        raise TrainingError(
            f"{folder} was made from another archive or with another split: name a new folder"
        )


def _check_space(photos: list[_Photo], folder: Path) -> None:
    missing = [photo for photo in photos if not photo.target(folder).exists()]
    needed = sum(photo.member.file_size for photo in missing) + _SPARE_BYTES
    free = shutil.disk_usage(folder).free
    if missing and free < needed:
        raise TrainingError(
            f"the disk of {folder} has {free / 2**20:,.0f} MiB free, and {needed / 2**20:,.0f} MiB"
            " are needed: make room, or name a folder on another disk"
        )


def _write(photos: list[_Photo], read: _Read, folder: Path, progress: ProgressCallback) -> Prepared:
    for photo in photos:
        photo.target(folder).parent.mkdir(parents=True, exist_ok=True)
    (folder / DAMAGED).mkdir(exist_ok=True)
    faults: dict[str, str] = {}
    counts: Counter[tuple[str, str]] = Counter()
    extracted = mapped(partial(_extract, read, folder), photos)
    for done, (photo, fault) in enumerate(zip(photos, extracted, strict=True), 1):
        if fault:
            faults[photo.name] = fault
        else:
            counts[photo.split, photo.inner] += 1
        progress(done, len(photos))
    with open(folder / DAMAGED_LIST, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("photo", "reason"))
        rows.writerows(sorted(faults.items()))
    if not (folder / TRAINING).exists():
        (folder / UNFINISHED).rename(folder / TRAINING)
    unreadable = sum(fault.startswith(_UNREADABLE) for fault in faults.values())
    return Prepared(dict(counts), len(faults), unreadable)


def _extract(read: _Read, folder: Path, photo: _Photo) -> str:
    """Write a photo unless it is there already; return what is wrong with it, or nothing."""
    target = photo.target(folder)
    if _is_there(target, photo.member):
        return ""
    try:
        encoded = read(photo.member.filename)
    except OSError as error:
        return f"{_UNREADABLE} ({error})"
    try:
        prepare_photo(encoded, *_CHECKED_AS)
    except BadPhoto as error:
        _put(folder / DAMAGED / photo.name, encoded)
        return str(error)
    _put(target, encoded)
    return ""


def _is_there(target: Path, member: zipfile.ZipInfo) -> bool:
    """Whether a photo has been written, and so has been checked before."""
    try:
        same_size = target.stat().st_size == member.file_size
        return same_size and zlib.crc32(target.read_bytes()) == member.CRC
    except FileNotFoundError:
        return False


def _put(target: Path, content: bytes) -> None:
    aside = target.with_name(f".new-{target.name}")
    aside.write_bytes(content)
    aside.replace(target)
