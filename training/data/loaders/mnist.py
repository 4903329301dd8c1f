"""MNIST from the file that Keras publishes: 60,000 + 10,000 gray images of handwritten digits.

`mnist.npz` holds the arrays `x_train`, `y_train`, `x_test`, `y_test`, all of bytes.
Source: https://keras.io/api/datasets/mnist
"""

import zipfile
from pathlib import Path

import numpy as np

from training.data.datasets import DataSet, Split, file_digest, search_folders
from training.data.loading import dataset
from training.data.published_files import folder_with
from training.data.splits import split_off_validation
from training.downloads import Download
from training.errors import TrainingError
from training.progress_bars import ProgressCallback
from training.recipe import Recipe

LABELS = tuple("0123456789")
FILE = "mnist.npz"

DOWNLOAD = Download(
    FILE,
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    sha256="731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",  # As Keras has it.
)


@dataset("mnist", reads=("held_out",), classes=len(LABELS), public=True)
def _load(recipe: Recipe, data: Path | None, progress: ProgressCallback) -> DataSet:
    return load_mnist(data, recipe.held_out)


def load_mnist(data: Path | None, held_out: float) -> DataSet:
    """Load MNIST from `data` or PHOTOLABEL_DATA, or download it.

    `held_out` is the fraction of training images kept for validation, always the same ones.

    Raises:
        TrainingError: no file and no download, or the file is damaged.
    """
    paths = (folder / FILE for folder in search_folders(data, "mnist"))
    path = next((path for path in paths if path.is_file()), None)
    path = path or folder_with([DOWNLOAD], "mnist", data) / FILE
    arrays = _read(path)
    photos, classes, names = _read_part(path, arrays, "train")
    training, validation = split_off_validation(photos, classes, held_out, names)
    photos, classes, names = _read_part(path, arrays, "test")
    test = Split(photos, classes, names=names)
    return DataSet("mnist", LABELS, file_digest(path), training, validation, test)


def _read(path: Path) -> dict[str, np.ndarray]:
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} is damaged ({error}): download it again") from error


def _read_part(
    path: Path, arrays: dict[str, np.ndarray], part: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return uint8 `[images, 28, 28, 1]`, int64 `[images]` and the names of the images."""
    missing = [name for name in (f"x_{part}", f"y_{part}") if name not in arrays]
    if missing:
        raise TrainingError(f"{path} lacks {' and '.join(missing)}: it is not Keras's MNIST")
    images, classes = arrays[f"x_{part}"], arrays[f"y_{part}"]
    if images.dtype != np.uint8 or images.shape[1:] != (28, 28):
        raise TrainingError(
            f"{path}: x_{part} is {images.dtype} {images.shape}, not bytes of 28×28"
        )
    if len(images) == 0 or classes.shape != images.shape[:1]:
        raise TrainingError(f"{path} holds {len(images)} images and {classes.shape} labels: {part}")
    if classes.max() >= len(LABELS):
        raise TrainingError(f"{path}: y_{part} holds {classes.max()}; the classes are 0 to 9")
    names = [f"{FILE}/x_{part}#{index}" for index in range(len(images))]
    return images[..., None], classes.astype(np.int64), names
