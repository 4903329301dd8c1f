"""Which photos a model was trained on: digests that its run and its version keep.

`training_photos.npy`, uint64 `[photos]` ascending, has the first 8 bytes of the SHA-256 of each
photo: of its file, or, in a data set of arrays, of its pixels. It lies in the folder of the run and
in the version's `assets.extra`.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from serving.repository.atomic_write import atomic_write
from training.data.datasets import DataSet
from training.data.photo_contents import contents
from training.errors import TrainingError, explained

TRAINING_PHOTOS = "training_photos.npy"
VERSION_TRAINING_PHOTOS = Path("assets.extra", TRAINING_PHOTOS)
"""The file inside a published version's folder."""

_DIGITS = 16  # Hexadecimal, of 8 bytes.


def training_digests(data: DataSet) -> np.ndarray:
    """Return the digests of all photos that a network is fitted to, uint64 `[photos]` ascending."""
    added = [part.training for part in (data.own, data.others) if part]
    return ascending([each for split in (data.training, *added) for each in contents(data, split)])


def seen(contents: Sequence[str], digests: np.ndarray) -> np.ndarray:
    """Return which photos, given by their SHA-256, are among the digests: bool `[photos]`."""
    return np.isin(_numbers(contents), digests)


def ascending(contents: Sequence[str]) -> np.ndarray:
    """Return the digests of photos, given by their SHA-256, as they are kept."""
    return np.unique(_numbers(contents))


def write_training_photos(digests: np.ndarray, path: Path) -> None:
    """Write the digests of training photos.

    Raises:
        TrainingError: the file can't be written.
    """
    with explained(f"cannot write {path}", "free some space"), atomic_write(path) as temporary:
        np.save(temporary, digests)


def read_training_photos(folder: Path) -> np.ndarray | None:
    """Return the digests kept with a run or a version, given by its folder; None without any.

    Raises:
        TrainingError: the file is damaged.
    """
    paths = (folder / TRAINING_PHOTOS, folder / VERSION_TRAINING_PHOTOS)
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return None
    try:
        digests = np.load(path, allow_pickle=False)
    except Exception as error:  # NumPy raises many types on damaged files.
        raise TrainingError(f"{path} is damaged ({error})") from error
    if digests.dtype != np.uint64 or digests.ndim != 1:
        raise TrainingError(
            f"{path} is damaged: it holds {digests.dtype} {digests.shape}, not a list of digests"
        )
    return np.asarray(digests)


def _numbers(contents: Sequence[str]) -> np.ndarray:
    return np.array([int(content[:_DIGITS], 16) for content in contents], np.uint64)
