"""The photos of the benchmark: test splits, which no model was fitted to."""

import hashlib
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.data.datasets import search_folders
from training.data.loaders.cats_dogs import LABELS as PETS
from training.data.loaders.cats_dogs import label_of
from training.data.loaders.fashion_mnist import LABELS as GARMENTS
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.data.splits import split_class
from training.errors import TrainingError

OTHER = "other"
"""The folder of `home.zip` with things outside the ten classes."""


@dataclass(frozen=True)
class Items:
    """Labelled images of a test split.

    Attributes:
        labels: the names of the classes.
        images: the pixels (uint8 `[28, 28]`) or encoded bytes of each image.
        classes: int64 `[images]`; -1 if none of the labels applies.
    """

    labels: tuple[str, ...]
    images: list[Any]
    classes: np.ndarray


def data_folder(given: Path | None) -> Path | None:
    """Return the folder of the data sets: the one given, or the one that the tests use."""
    beside = Path(__file__).parents[3] / "shared" / "data"
    if given or "PHOTOLABEL_DATA" in os.environ or not beside.is_dir():
        return given
    return beside


def garments(data: Path | None, limit: int) -> Items:
    """Return the first images of Fashion-MNIST's test set.

    Raises:
        TrainingError: the data set is missing.
    """
    test = load_fashion_mnist(data, 0.0).test
    images = list(np.asarray(test.photos[:limit])[..., 0])
    return Items(GARMENTS, images, test.classes[:limit])


def pets(data: Path | None, split: int, limit: int) -> Items:
    """Return photos of the test split of dogs-vs-cats, split as in training.

    Args:
        data: the folder to search first.
        split: seed of the split that the model was trained with.
        limit: maximum number of photos.

    Raises:
        TrainingError: `train.zip` is missing.
    """
    path = _find(data, "dogs-vs-cats", "train.zip")
    members: dict[str, dict[str, str]] = {label: {} for label in PETS}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if label := label_of(name):
                members[label][hashlib.sha256(archive.read(name)).hexdigest()] = name
        found = [
            (content, named[content], PETS.index(label))
            for label, named in members.items()
            for content, part in split_class(named, split).items()
            if part == "test"
        ]
        chosen = sorted(found)[:limit]
        encoded = [archive.read(name) for _, name, _ in chosen]
    return Items(PETS, encoded, np.array([index for _, _, index in chosen]))


def real_garments(data: Path | None, archive: str) -> Items:
    """Return the photos of `shop.zip` or `home.zip`: a folder for each class.

    Raises:
        TrainingError: the archive is missing.
    """
    with zipfile.ZipFile(_find(data, "clothing-photos", archive)) as file:
        names = sorted(name for name in file.namelist() if not name.endswith("/"))
        encoded = [file.read(name) for name in names]
    folders = [name.split("/")[-2] for name in names]
    known = {label.replace("/", "_").replace(" ", "_"): n for n, label in enumerate(GARMENTS)}
    unknown = set(folders) - set(known) - {OTHER}
    if unknown:
        raise TrainingError(f"{archive} has the folder {min(unknown)}, which is not a class")
    return Items(GARMENTS, encoded, np.array([known.get(folder, -1) for folder in folders]))


def _find(data: Path | None, data_set: str, name: str) -> Path:
    folders = search_folders(data, data_set)
    found = next((folder / name for folder in folders if (folder / name).is_file()), None)
    if found is None:
        looked = ", ".join(map(str, folders)) or "neither --data nor PHOTOLABEL_DATA is set"
        raise TrainingError(f"no {name} of {data_set}: {looked}")
    return found
