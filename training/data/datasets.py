"""A loaded data set: uint8 pixels, labels, three splits, a digest."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from training.data.prepared_photos import PhotoStore
from training.errors import TrainingError


class Photos(Protocol):
    """Photos or their features: an array, or rows of a mapped file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of photos, then the shape of one."""

    @property
    def dtype(self) -> Any:
        """The NumPy type of the values."""

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: Any) -> np.ndarray: ...


class Rows:
    """Selected rows of an array, in the given order; of a mapped file, only rows in use are read.

    Args:
        source: `[rows, …]`.
        chosen: int64 `[photos]`, indices of rows.
    """

    def __init__(self, source: Photos, chosen: np.ndarray) -> None:
        self._source = source
        self._chosen = chosen
        self.shape = (len(chosen), *source.shape[1:])
        self.dtype = source.dtype

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, chosen: Any) -> np.ndarray:
        """Return one photo for a number, several for a slice, a mask or an array of numbers."""
        return np.asarray(self._source[self._chosen[chosen]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)


class Joined:
    """The rows of several arrays, one after the other; of mapped files, only rows in use are read.

    Args:
        parts: at least one, each `[rows, …]`, of equal shapes but for the number of rows.
    """

    def __init__(self, parts: Sequence[Photos]) -> None:
        self._parts = tuple(parts)
        self._ends = np.cumsum([len(part) for part in parts])
        self.shape = (int(self._ends[-1]), *parts[0].shape[1:])
        self.dtype = parts[0].dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, chosen: Any) -> np.ndarray:
        """Return one row for a number, several for a slice, a mask or an array of numbers."""
        rows = np.arange(len(self))[chosen]
        indices = np.atleast_1d(rows)
        found = np.empty((len(indices), *self.shape[1:]), self.dtype)
        owners = np.searchsorted(self._ends, indices, side="right")
        for number, part in enumerate(self._parts):
            mine = owners == number
            if mine.any():
                found[mine] = part[indices[mine] - (self._ends[number] - len(part))]
        return found[0] if np.ndim(rows) == 0 else found

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)


@dataclass(frozen=True)
class Split:
    """The photos of one split: training, validation or test.

    Attributes:
        photos: uint8 `[photos, height, width, channels]`; may be mapped from a file.
        classes: int64 `[photos]`, the index of each photo's label.
        rows: int64 `[photos]`, the row of each photo in the photo store, if there is one.
        names: of the photos; empty if they have none. See `DataSet.names`.
        features: of a frozen backbone, float `[photos, …]`, if the network is fitted to them: of
            the unchanged photos, then of each further view of them.
    """

    photos: Photos
    classes: np.ndarray
    rows: np.ndarray | None = None
    names: Sequence[str] = ()
    features: tuple[Photos, ...] = ()

    def __len__(self) -> int:
        return len(self.photos)

    @property
    def inputs(self) -> Photos:
        """The input of the fitted network: the features if there are any, else the photos."""
        return self.features[0] if self.features else self.photos


@dataclass(frozen=True)
class Addition:
    """Further photos that a network is fitted to, split as those of a data set are.

    Attributes:
        name: of the folder or file that they come from, without its path.
        digest: sha256 (hexadecimal) of all photos with label and split.
        training: the weights are fitted to these photos, too.
        validation: may be empty.
        test: likewise.
        store: the cache of these photos.
    """

    name: str
    digest: str
    training: Split
    validation: Split
    test: Split
    store: PhotoStore | None = None

    @property
    def splits(self) -> tuple[Split, Split, Split]:
        """Training, validation and test."""
        return self.training, self.validation, self.test


@dataclass(frozen=True)
class DataSet:
    """A data set, ready to train on.

    Attributes:
        name: as recipes name it.
        labels: class names, in the order of the classes.
        digest: sha256 (hexadecimal) of the published files, or of all photos with label and split.
        training: the weights are fitted to these photos.
        validation: watched while fitting; may be empty.
        test: evaluated once, at the end.
        damaged: photos that were left out, each with the reason.
        notes: other lines for the user about the photos.
        split_seed: what `splits.split_of` split the photos by; None if the data set has splits of
            its own.
        store: the cache of all prepared photos, if they come from encoded files.
        backbone: the `training.networks.backbone.Backbone` that the features come from, if any.
        own: a user's own photos of the same classes, in addition to the data set.
        others: photos of none of the classes, with the class `len(labels)`: what not to recognize.
    """

    name: str
    labels: tuple[str, ...]
    digest: str
    training: Split
    validation: Split
    test: Split
    damaged: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    split_seed: int | None = None
    store: PhotoStore | None = None
    backbone: Any = None
    own: Addition | None = None
    others: Addition | None = None

    @property
    def splits(self) -> tuple[Split, Split, Split]:
        """Training, validation and test."""
        return self.training, self.validation, self.test

    @property
    def whole_digest(self) -> str:
        """The digest; where there are own photos or others, a digest that covers them, too."""
        added = [part.digest if part else "" for part in (self.own, self.others)]
        if not any(added):
            return self.digest
        return hashlib.sha256(" ".join([self.digest, *added]).encode()).hexdigest()

    def contents(self, split: Split) -> list[str] | None:
        """Return the sha256 of the file of each photo of a split; None if photos are no files."""
        store = self._store_of(split)
        if store is None or split.rows is None:
            return None
        of_row = {row: content for content, row in store.rows.items()}
        return [of_row[row] for row in split.rows.tolist()]

    def _store_of(self, split: Split) -> PhotoStore | None:
        for addition in filter(None, (self.own, self.others)):
            if any(split is each for each in addition.splits):
                return addition.store
        return self.store

    def names(self, split: Split) -> list[str]:
        """Return the name of each photo of a split.

        That is the absolute path of its file, where links are not resolved; in an archive or a file
        of arrays, the name of that file and the position in it: `train.zip/train/cat.1.jpg`,
        `t10k-images-idx3-ubyte.gz#17`, `mnist.npz/x_test#17`. What is not UTF-8 in a file's name is
        escaped as by `os.fsdecode`. Photos without names are numbered within the split.
        """
        return list(split.names) or [f"{self.name}#{index}" for index in range(len(split))]


def search_folders(data: Path | None, name: str) -> list[Path]:
    """Return the folders to search for a data set, in order of preference.

    These are the given folder, or that of the given list of photos, then the one that
    PHOTOLABEL_DATA names, each followed by its sub-folder with the name of the data set.

    Raises:
        TrainingError: the given folder does not exist.
    """
    if data is not None and data.is_file():
        data = data.parent
    if data is not None and not data.is_dir():
        raise TrainingError(f"the data folder {data} does not exist")
    named = os.environ.get("PHOTOLABEL_DATA")
    roots = [root for root in (data, Path(named) if named else None) if root]
    return [folder for root in roots for folder in (root, root / name)]


def not_found(data: Path | None, name: str) -> str:
    """Say in which of `search_folders` a data set was not found, for an error message."""
    folders = search_folders(data, name)
    return f"not found in {', '.join(map(str, folders))}" if folders else "--data is not given"


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
