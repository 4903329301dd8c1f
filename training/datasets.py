"""What a data set is once it is loaded: uint8 pixels, labels, three splits, a digest."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.errors import TrainingError


@dataclass(frozen=True)
class Split:
    """Photos to fit, to watch or to judge with.

    Attributes:
        photos: uint8 `[photos, height, width, channels]`; may be mapped from a file.
        classes: int64 `[photos]`, the index of each photo's label.
    """

    photos: np.ndarray
    classes: np.ndarray

    def __len__(self) -> int:
        return len(self.photos)


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
    """

    name: str
    labels: tuple[str, ...]
    digest: str
    training: Split
    validation: Split
    test: Split
    damaged: tuple[str, ...] = ()


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
