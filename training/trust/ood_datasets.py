"""Photos of what a network never saw: the published data sets of other things, noise, blanks.

Every set is made of encoded photos, prepared as the gateway prepares what people send. Nothing is
downloaded for it: sets whose files are not found are left out.
"""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from lzma import LZMAError
from pathlib import Path

import numpy as np
from PIL import Image

from serving.photos import Shape, prepare
from serving.photos.errors import BadPhoto
from training.data.datasets import search_folders
from training.data.loaders.fashion_mnist import FILES as FASHION_FILES
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.data.loaders.mnist import FILE as MNIST_FILE
from training.data.loaders.mnist import load_mnist
from training.errors import TrainingError
from training.recipe import ANY_PHOTOS
from training.threads import mapped

MOST_PHOTOS = 1_000
"""Of a set: some chosen at random, always the same ones."""

_SEED = 0
_SYNTHETIC = 200
_ENCRYPTED = 1  # A bit of the flags of a file in an archive.
_ENDINGS = (".jpg", ".jpeg", ".png")

Encoded = list[bytes]


def synthetic_sets(shape: Shape) -> dict[str, np.ndarray]:
    """Return `noise`, each value drawn at random, and `blank`, one colour all over.

    Args:
        shape: height, width and channels.

    Returns:
        Prepared photos, uint8 `[photos, *shape]`.
    """
    random = np.random.default_rng(_SEED)
    colours = random.integers(0, 256, (_SYNTHETIC, 1, 1, shape[2]), np.uint8)
    return {
        "noise": random.integers(0, 256, (_SYNTHETIC, *shape), np.uint8),
        "blank": np.broadcast_to(colours, (_SYNTHETIC, *shape)).copy(),
    }


def known_sets(data: Path | None, own: str) -> Iterator[tuple[str, Encoded]]:
    """Yield the sets that are found where data sets are, by name, as encoded photos.

    Args:
        data: looked into first, then the folder that PHOTOLABEL_DATA names.
        own: the data set that the network was trained on, which is left out. What any photos show
            is not known: nothing is yielded for them.

    Raises:
        TrainingError: the files of a set are damaged, or there is no such folder.
    """
    if own == ANY_PHOTOS:
        return
    for name, (dataset, find) in _SETS.items():
        found = None if dataset == own else find(data)
        if found:
            yield name, found


def photos_in(path: Path) -> Encoded:
    """Return some photos of a folder or a zip file, whatever sub-folders they lie in.

    Raises:
        TrainingError: it can't be read, or there are none.
    """
    try:
        if path.is_dir():
            names = sorted(
                str(inner.relative_to(path)) for inner in path.rglob("*") if inner.is_file()
            )
            found = [(path / name).read_bytes() for name in _some(names)]
        else:
            with zipfile.ZipFile(path) as archive:
                found = [_unpacked(archive, name) for name in _some(archive.namelist())]
    except (OSError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} is no folder and no zip file of photos ({error})") from error
    if not found:
        raise TrainingError(f"{path} has no photos ({', '.join(_ENDINGS)})")
    return found


def prepared(photos: Encoded, preparation: str, shape: Shape) -> np.ndarray:
    """Prepare photos as the gateway does; what does not decode is left out.

    Returns:
        uint8 `[photos, *shape]`.

    Raises:
        TrainingError: none decodes.
    """

    def attempt(encoded: bytes) -> np.ndarray | None:
        try:
            return prepare(encoded, preparation, shape)
        except BadPhoto:
            return None

    good = [pixels for pixels in mapped(attempt, photos) if pixels is not None]
    if not good:
        raise TrainingError(f"of {len(photos)} photos none can be decoded")
    return np.stack(good)


def _unpacked(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a file of an archive.

    Raises:
        TrainingError: it has a password, is packed in an unknown way, or is damaged.
    """
    try:
        if archive.getinfo(name).flag_bits & _ENCRYPTED:
            raise TrainingError(
                f"{name} in {archive.filename} has a password: pack the photos without one"
            )
        return archive.read(name)
    except (NotImplementedError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError) as error:
        raise TrainingError(
            f"{name} in {archive.filename} can't be unpacked ({error}): pack the photos again"
        ) from error


def _some(names: Sequence[str]) -> list[str]:
    photos = sorted(name for name in names if name.lower().endswith(_ENDINGS))
    return [photos[place] for place in _places(len(photos))]


def _places(count: int) -> list[int]:
    random = np.random.default_rng(_SEED)
    return sorted(random.choice(count, min(count, MOST_PHOTOS), replace=False).tolist())


def _encoded(arrays: np.ndarray) -> Encoded:
    """Return gray arrays `[photos, height, width, 1]` as PNG files."""
    files = []
    for place in _places(len(arrays)):
        file = io.BytesIO()
        Image.fromarray(arrays[place, ..., 0]).save(file, "PNG")
        files.append(file.getvalue())
    return files


def _digits(data: Path | None) -> Encoded | None:
    folders = search_folders(data, "mnist")
    if not any((folder / MNIST_FILE).is_file() for folder in folders):
        return None
    return _encoded(np.asarray(load_mnist(data, 0.0).test.photos))


def _garments(data: Path | None) -> Encoded | None:
    folders = search_folders(data, "fashion-mnist")
    if not any(all((folder / name).is_file() for name in FASHION_FILES) for folder in folders):
        return None
    return _encoded(np.asarray(load_fashion_mnist(data, 0.0).test.photos))


def _archive(name: str, *parts: str) -> Callable[[Path | None], Encoded | None]:
    """Return what finds a data set's archive, or the folder unpacked from it."""

    def find(data: Path | None) -> Encoded | None:
        places = [folder / part for folder in search_folders(data, name) for part in parts]
        path = next((place for place in places if place.exists()), None)
        return photos_in(path) if path else None

    return find


_SETS: dict[str, tuple[str, Callable[[Path | None], Encoded | None]]] = {
    "digits": ("mnist", _digits),
    "garments": ("fashion-mnist", _garments),
    "cats and dogs": ("dogs-vs-cats", _archive("dogs-vs-cats", "train.zip")),
    "flowers": ("flower-photos", _archive("flower-photos", "flower_photos.zip", "flower_photos")),
}
