"""25,000 photos of cats and dogs, from the Asirra data set (Elson et al., 2007).

Kaggle's `train.zip` has `train/cat.N.jpg` and `train/dog.N.jpg`, and needs an account:
https://www.kaggle.com/c/dogs-vs-cats/data. Microsoft's archive has `PetImages/Cat/N.jpg` and
`PetImages/Dog/N.jpg`, and two of them are no photos:
https://www.microsoft.com/en-us/download/details.aspx?id=54765. It is downloaded if neither is
found, nor the folder `PetImages`, nor the folders that `python -m training prepare` makes.
"""

import re
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Lock

from serving.photos import Shape
from training.data.datasets import DataSet, search_folders
from training.data.labelled_photos import Photo, assemble
from training.data.loaders.image_folders import load_split_folders
from training.data.loading import dataset
from training.data.photo_archives import read_member
from training.data.prepared_photos import Source
from training.data.published_files import folder_with
from training.data.split_folders import split_folders
from training.downloads import Download
from training.errors import TrainingError
from training.progress_bars import ProgressCallback
from training.recipe import Recipe

LABELS = ("cat", "dog")
FOLDERS = {"cats": "cat", "dogs": "dog"}  # As prepared.
ARCHIVE = Download(
    "kagglecatsanddogs_5340.zip",
    "https://download.microsoft.com/download/3/E/1/3E1C3F21-ECDB-4869-8368-6DEBA77B919F/"
    "kagglecatsanddogs_5340.zip",
    size=824_887_076,
    sha256="b7974bd00a84a99921f36ee4403f089853777b5ae8d151c76a86e64900334af9",
)
ARCHIVES = ("train.zip", ARCHIVE.name)
"""The names of published archives, Kaggle's first."""

_PUBLISHED = 25_000  # Photos.
_NAME = re.compile(r"(?:.*/)?(?:(cat|dog)\.|PetImages/(Cat|Dog)/)\d+\.jpg")


@dataset("dogs-vs-cats", reads=("split_seed",), classes=len(LABELS), public=True)
def _load(recipe: Recipe, data: Path | None, progress: ProgressCallback) -> DataSet:
    return load_cats_dogs(data, recipe.preparation, recipe.shape, progress, recipe.split_seed)


def load_cats_dogs(
    data: Path | None, preparation: str, shape: Shape, progress: ProgressCallback, split: int = 1
) -> DataSet:
    """Load the photos, prepared and split 70/15/15, or the splits of extracted folders.

    The split depends on the photos' contents and `split`, its seed; extracted folders have theirs
    already. `data` is searched before PHOTOLABEL_DATA; what is not found there is downloaded.

    Raises:
        TrainingError: the photos are missing, damaged or arranged in another way.
    """
    path = _find(data) or folder_with([ARCHIVE], "dogs-vs-cats", data) / ARCHIVE.name
    prepared = split, preparation, shape, progress
    if path.is_dir() and split_folders(path):
        return load_split_folders(path, "dogs-vs-cats", FOLDERS, *prepared)
    if path.is_dir():
        photos = _files(path)
        found = assemble("dogs-vs-cats", photos, LABELS, *prepared)
        if len(photos) == _PUBLISHED:
            return found
        part = f"{path} has {len(photos):,} of {_PUBLISHED:,} photos: was all of it unpacked?"
        return replace(found, notes=(part, *found.notes))
    try:
        with zipfile.ZipFile(path) as archive:
            return assemble("dogs-vs-cats", _members(archive, path), LABELS, *prepared)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise TrainingError(
            f"{path} is not a valid zip file ({error}): download it again"
        ) from error


def label_of(path: str) -> str | None:
    """Return the label in a path with "/"; None if it is not one of the published photos."""
    match = _NAME.fullmatch(path)
    return (match[1] or match[2].lower()) if match else None


def _find(data: Path | None) -> Path | None:
    """Return an archive or a folder of the user's."""
    for folder in search_folders(data, "dogs-vs-cats"):
        for name in ARCHIVES:
            if (folder / name).is_file():
                return folder / name
        if folder.is_dir() and split_folders(folder):
            return folder
        for unpacked in (folder, folder / "PetImages"):
            if (unpacked / "Cat").is_dir() and (unpacked / "Dog").is_dir():
                return unpacked
    return None


def _files(folder: Path) -> list[Photo]:
    paths = sorted(path for inner in ("Cat", "Dog") for path in (folder / inner).glob("*.jpg"))
    return [
        Photo(
            Source(path.relative_to(folder).as_posix(), path.read_bytes, str(path.absolute())),
            path.parent.name.lower(),
        )
        for path in paths
    ]


def _members(archive: zipfile.ZipFile, path: Path) -> list[Photo]:
    reading = Lock()

    def read(name: str) -> bytes:
        try:
            return read_member(archive, name, reading)
        except OSError as error:  # Of a whole archive, all members can be read.
            raise TrainingError(
                f"{path} is damaged ({name}: {error}): download it again"
            ) from error

    labels = {name: label_of(name) for name in archive.namelist()}
    photos = [
        Photo(Source(name, partial(read, name), f"{path.name}/{name}"), label)
        for name, label in labels.items()
        if label
    ]
    if {photo.label for photo in photos} != set(LABELS):
        raise TrainingError(
            f"{path} has too few photos named train/cat.N.jpg and train/dog.N.jpg, or"
            " PetImages/Cat/N.jpg and PetImages/Dog/N.jpg, to split"
        )
    return photos
