"""The folder of what is collected: `index.html`, or photos in `to-sort/` and `sorted/`.

What a person has put there stays: photos are only added, and no file but our page is replaced.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from training.data.class_folders import PHOTO_FILES, LeftOut, photos_below
from training.data.photo_lists import read_photo_list
from training.errors import UsageError, explained

PAGE, LIST = "index.html", "photos.csv"
TO_SORT, SORTED = "to-sort", "sorted"
OTHER = "other"
"""The label of photos that show none of a model's classes."""

MARK = "photolabel collect"
_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]')


@dataclass(frozen=True)
class Collected:
    """What an earlier `collect` and a person have put into a folder.

    Attributes:
        folder: may not exist yet.
        listed: path and label of each photo in `photos.csv`, which the page has saved.
        files: all photos in sub-folders.
        waiting: how many of those are still to be sorted.
    """

    folder: Path
    listed: tuple[tuple[str, str], ...]
    files: tuple[Path, ...]
    waiting: int

    def photos(self) -> list[Path]:
        """Return all photos."""
        return [*(Path(path) for path, _ in self.listed), *self.files]


def open_collected(folder: Path, photos: Path) -> Collected:
    """Return what is in a folder, which is made if it does not exist.

    Args:
        folder: where photos are collected.
        photos: the folder of the photos that were classified.

    Raises:
        UsageError: it has other things in it, or is inside the folder of the photos.
        TrainingError: it can't be made or read, or its `photos.csv` is wrong.
    """
    if folder.resolve().is_relative_to(photos.resolve()):
        raise UsageError(
            f"{folder} is inside {photos}, where the next `photolabel bulk` would find what is"
            " collected: name another --output"
        )
    with explained(f"cannot use {folder}"):
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not _is_ours(folder):
            raise UsageError(
                f"{folder} is not empty, and not from an earlier `collect`: name another --output"
            )
    listed = read_photo_list(folder / LIST) if (folder / LIST).is_file() else []
    files = [Path(each.path) for each in photos_below(folder, folder, LeftOut())]
    files = [path for path in files if PHOTO_FILES.fullmatch(path.name)]
    waiting = sum((folder / TO_SORT).absolute() in path.parents for path in files)
    pairs = tuple((photo.source.path, photo.label) for photo in listed)
    return Collected(folder, pairs, tuple(files), waiting)


def _is_ours(folder: Path) -> bool:
    page = folder / PAGE
    if not page.exists():
        return (folder / TO_SORT).is_dir()
    with page.open(encoding="utf-8", errors="replace") as file:
        return MARK in file.read(1000)


def folder_name(label: str) -> str:
    """Return a label as the name of a folder: `T-shirt/top` becomes `T-shirt_top`."""
    return _UNSAFE.sub("_", label).strip(" .")[:100] or "unnamed"


def with_other(labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the labels to choose from: those of the model, and `other` if it has none."""
    has_other = OTHER in (label.casefold() for label in labels)
    return labels if has_other else (*labels, OTHER)
