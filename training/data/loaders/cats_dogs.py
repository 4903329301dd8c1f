"""Kaggle's dogs-vs-cats: photos named `train/cat.N.jpg` and `train/dog.N.jpg` in `train.zip`.

Or the folders that `python -m training prepare dogs-vs-cats` extracts it to.
Source: https://www.kaggle.com/c/dogs-vs-cats/data
"""

import re
import zipfile
import zlib
from functools import partial
from pathlib import Path
from threading import Lock

from serving.photos import Shape
from training.data.datasets import DataSet, not_found, search_folders
from training.data.labelled_photos import Photo, assemble
from training.data.loaders.image_folders import load_split_folders
from training.data.loading import dataset
from training.data.prepared_photos import Source
from training.data.split_folders import split_folders
from training.errors import TrainingError
from training.progress_bars import ProgressCallback
from training.recipe import Recipe

LABELS = ("cat", "dog")
FOLDERS = {"cats": "cat", "dogs": "dog"}  # As prepared.


@dataset("dogs-vs-cats", reads=("split_seed",))
def _load(recipe: Recipe, data: Path | None, progress: ProgressCallback) -> DataSet:
    return load_cats_dogs(data, recipe.preparation, recipe.shape, progress, recipe.split_seed)


def load_cats_dogs(
    data: Path | None, preparation: str, shape: Shape, progress: ProgressCallback, split: int = 1
) -> DataSet:
    """Load the photos of Kaggle's `train.zip`, prepared and split 70/15/15, or extracted folders.

    The split depends on the photos' contents and `split`, its seed; extracted folders have theirs
    already. `data` is searched before PHOTOLABEL_DATA.

    Raises:
        TrainingError: the photos are missing, damaged or arranged in another way.
    """
    path = _find(data)
    if path.is_dir():
        return load_split_folders(
            path, "dogs-vs-cats", FOLDERS, split, preparation, shape, progress
        )
    try:
        with zipfile.ZipFile(path) as archive:
            photos = _members(archive, path)
            return assemble("dogs-vs-cats", photos, LABELS, split, preparation, shape, progress)
    except zipfile.BadZipFile as error:
        raise TrainingError(
            f"{path} is not a valid zip file ({error}): download it again"
        ) from error


def kaggle_label(name: str) -> str | None:
    """Return the label in a file name; None if it is not one of Kaggle's photos."""
    match = re.fullmatch(r"(?:.*/)?(cat|dog)\.\d+\.jpg", name)
    return match[1] if match else None


def read_member(archive: zipfile.ZipFile, name: str, reading: Lock) -> bytes:
    """Return a member of an archive that several threads read.

    Raises:
        OSError: it is damaged, or encrypted.
    """
    try:
        with reading:  # The threads share one file object.
            return archive.read(name)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        raise OSError(str(error)) from error


def _find(data: Path | None) -> Path:
    for folder in search_folders(data, "dogs-vs-cats"):
        if (folder / "train.zip").is_file():
            return folder / "train.zip"
        if folder.is_dir() and split_folders(folder):
            return folder
    raise TrainingError(
        f"no cats and dogs: {not_found(data, 'dogs-vs-cats')}. Download train.zip from"
        " https://www.kaggle.com/c/dogs-vs-cats/data, put it into a folder and name the"
        " folder with --data or PHOTOLABEL_DATA"
    )


def _members(archive: zipfile.ZipFile, path: Path) -> list[Photo]:
    reading = Lock()
    labels = {name: kaggle_label(name) for name in archive.namelist()}
    photos = [
        Photo(Source(name, partial(read_member, archive, name, reading)), label)
        for name, label in labels.items()
        if label
    ]
    if {photo.label for photo in photos} != set(LABELS):
        raise TrainingError(
            f"{path} has too few photos named train/cat.N.jpg and train/dog.N.jpg to split"
        )
    return photos
