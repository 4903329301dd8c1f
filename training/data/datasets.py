"""What a data set is once it is loaded: uint8 pixels, labels, three splits, a digest."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from training.errors import TrainingError

if TYPE_CHECKING:
    from training.data.prepared_photos import PhotoStore


class Photos(Protocol):
    """Photos, or the features that stand for them: an array, or rows of one that lies in a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of photos, then the shape of one."""

    def __len__(self) -> int: ...

    def __getitem__(self, chosen: Any) -> np.ndarray: ...


class Rows:
    """Chosen rows of an array in a chosen order; of a mapped file, only those asked for are read.

    Args:
        source: `[rows, …]`.
        chosen: int64 `[photos]`, indices of rows.
    """

    def __init__(self, source: np.ndarray, chosen: np.ndarray) -> None:
        self._source = source
        self._chosen = chosen
        self.shape = (len(chosen), *source.shape[1:])
        self.dtype = source.dtype

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, chosen: Any) -> np.ndarray:
        """Return one photo for a number; several for a slice, a mask or an array of numbers."""
        return np.asarray(self._source[self._chosen[chosen]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype)


@dataclass(frozen=True)
class Split:
    """Photos to fit, to watch or to judge with.

    Attributes:
        photos: uint8 `[photos, height, width, channels]`; may be mapped from a file.
        classes: int64 `[photos]`, the index of each photo's label.
        rows: int64 `[photos]`, the place of each photo in the photo store, where there is one.
        features: what a frozen backbone makes of the photos, float `[photos, …]`, where it is
            fitted to: of the photos as they are, then of each variation of them.
    """

    photos: Photos
    classes: np.ndarray
    rows: np.ndarray | None = None
    features: tuple[Photos, ...] = ()

    def __len__(self) -> int:
        return len(self.photos)

    @property
    def inputs(self) -> Photos:
        """What the fitted network takes: the features where there are some, else the photos."""
        return self.features[0] if self.features else self.photos


@dataclass(frozen=True)
class DataSet:
    """A data set, ready to train on.

    Attributes:
        name: as recipes name it.
        labels: class names, in the order of the classes.
        digest: sha256 (hexadecimal) of the published files.
        training: what the weights are fitted to.
        validation: watched while fitting; may be empty.
        test: judged with once, at the end.
        damaged: photos set aside, each with the reason.
        store: all the photos in their cache, where they come from encoded files.
        backbone: the `training.networks.Backbone` that the features come from, if they do.
    """

    name: str
    labels: tuple[str, ...]
    digest: str
    training: Split
    validation: Split
    test: Split
    damaged: tuple[str, ...] = ()
    store: "PhotoStore | None" = None
    backbone: Any = None

    @property
    def splits(self) -> tuple[Split, Split, Split]:
        """Training, validation and test."""
        return self.training, self.validation, self.test


def search_folders(data: Path | None, name: str) -> list[Path]:
    """Return where the files of a data set may lie, in order of preference.

    That is the folder given, then the one that the variable PHOTOLABEL_DATA names; in each, the
    sub-folder named as the data set counts too.

    Raises:
        TrainingError: the folder given does not exist.
    """
    if data is not None and not data.is_dir():
        raise TrainingError(f"the data folder {data} does not exist")
    named = os.environ.get("PHOTOLABEL_DATA")
    roots = [root for root in (data, Path(named) if named else None) if root]
    return [folder for root in roots for folder in (root, root / name)]


def file_digest(path: Path) -> str:
    """Return the sha256 of a file, hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
