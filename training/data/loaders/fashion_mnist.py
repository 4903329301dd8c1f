"""Fashion-MNIST from its published files: 60,000 + 10,000 gray photos of ten garments.

The files are gzipped IDX: two zero bytes, the type (8: uint8), the number of dimensions, each
dimension as big-endian int32, then the data.
Source: https://github.com/zalandoresearch/fashion-mnist
"""

import gzip
import hashlib
import struct
import zlib
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

LABELS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
_ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"  # Keras's own.
_PUBLISHED = (
    ("train-images-idx3-ubyte.gz", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    ("train-labels-idx1-ubyte.gz", 29_515, "25c81989df183df01b3e8a0aad5dffbe"),
    ("t10k-images-idx3-ubyte.gz", 4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
    ("t10k-labels-idx1-ubyte.gz", 5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
)  # With their sizes and MD5 sums.
FILES = {name: Download(name, _ORIGIN + name, size, md5=md5) for name, size, md5 in _PUBLISHED}


@dataset("fashion-mnist", reads=("held_out",), classes=len(LABELS), public=True)
def _load(recipe: Recipe, data: Path | None, progress: ProgressCallback) -> DataSet:
    return load_fashion_mnist(data, recipe.held_out)


def load_fashion_mnist(data: Path | None, held_out: float) -> DataSet:
    """Load Fashion-MNIST from `data` or PHOTOLABEL_DATA, or download it.

    `held_out` is the fraction of training photos kept for validation, always the same ones.

    Raises:
        TrainingError: no files and no download, or a file is damaged.
    """
    folder = _folder_with_files(data) or folder_with(
        list(FILES.values()), "fashion-mnist", data, keras="fashion-mnist"
    )
    photos, classes, names = _read_part(folder, "train")
    training, validation = split_off_validation(photos, classes, held_out, names)
    photos, classes, names = _read_part(folder, "t10k")
    test = Split(photos, classes, names=names)
    return DataSet("fashion-mnist", LABELS, _digest(folder), training, validation, test)


def _folder_with_files(data: Path | None) -> Path | None:
    """Find the folder with all four files; a folder with only some of them is an error."""
    for folder in search_folders(data, "fashion-mnist"):
        missing = [name for name in FILES if not (folder / name).is_file()]
        if not missing:
            return folder
        if len(missing) < len(FILES):
            raise TrainingError(f"{folder} lacks {', '.join(missing)}: put them there too")
    return None


def _read_part(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return uint8 `[photos, 28, 28, 1]`, int64 `[photos]` and the names of the photos."""
    images = folder / f"{part}-images-idx3-ubyte.gz"
    photos = _read_idx(images, dimensions=3)
    labels = folder / f"{part}-labels-idx1-ubyte.gz"
    classes = _read_idx(labels, dimensions=1)
    if photos.shape[1:] != (28, 28):
        size = "×".join(map(str, photos.shape[1:]))
        raise TrainingError(f"{images} holds photos of {size}, not 28×28")
    if len(photos) == 0 or len(photos) != len(classes):
        raise TrainingError(
            f"{images} holds {len(photos)} photos, {labels} holds {len(classes)} labels"
        )
    if classes.max() >= len(LABELS):
        raise TrainingError(f"{labels} holds class {classes.max()}; the classes are 0 to 9")
    names = [f"{images.name}#{index}" for index in range(len(photos))]
    return photos[..., None], classes.astype(np.int64), names


def _read_idx(path: Path, dimensions: int) -> np.ndarray:
    try:
        with gzip.open(path) as file:
            content = file.read()
    except (OSError, EOFError, zlib.error) as error:
        raise TrainingError(f"{path} is damaged ({error}): download it again") from error
    header = struct.Struct(f">HBB{dimensions}i")
    if len(content) < header.size:
        raise TrainingError(f"{path} is damaged (only {len(content)} bytes): download it again")
    zero, kind, found, *shape = header.unpack_from(content)
    if (zero, kind, found) != (0, 8, dimensions) or min(shape) < 0:
        raise TrainingError(f"{path} is not an IDX file of bytes with {dimensions} dimensions")
    if len(content) - header.size != np.prod(shape):
        raise TrainingError(
            f"{path} is damaged: {len(content) - header.size:,} bytes of data, but its header"
            f" says {' × '.join(map(str, shape))}; download it again"
        )
    return np.frombuffer(content, np.uint8, offset=header.size).reshape(shape)


def _digest(folder: Path) -> str:
    digests = "".join(file_digest(folder / name) for name in sorted(FILES))
    return hashlib.sha256(digests.encode()).hexdigest()
