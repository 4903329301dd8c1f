"""Unknown (out-of-distribution) photos: published data sets of other things, noise, blanks.

Published photos are prepared as the gateway prepares them. Nothing is downloaded for this: sets
whose files are neither found nor downloaded before are left out.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from lzma import LZMAError
from pathlib import Path

import numpy as np
from PIL import Image

from serving.photos import Shape
from serving.photos.errors import BadPhoto
from training.data.datasets import DataSet, search_folders
from training.data.loaders.cats_dogs import ARCHIVES as PET_ARCHIVES
from training.data.loaders.fashion_mnist import FILES as FASHION_FILES
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.data.loaders.mnist import FILE as MNIST_FILE
from training.data.loaders.mnist import load_mnist
from training.data.photo_limits import prepare_photo
from training.downloads import downloads_folder
from training.errors import TrainingError
from training.threads import mapped

MAX_PHOTOS = 1_000
"""Photos per set; of larger sets a random choice, always the same."""

_SEED = 0
_SYNTHETIC = 200
_ENCRYPTED = 1  # Bit in the flags of an archive member.
_ENDINGS = (".jpg", ".jpeg", ".png")

EncodedPhotos = list[bytes]
_Find = Callable[[Path | None, list[Path]], EncodedPhotos | None]


def synthetic_sets(shape: Shape) -> dict[str, np.ndarray]:
    """Return the sets `noise`, every value random, and `blank`, photos of a single colour."""
    random = np.random.default_rng(_SEED)
    colours = random.integers(0, 256, (_SYNTHETIC, 1, 1, shape[2]), np.uint8)
    return {
        "noise": random.integers(0, 256, (_SYNTHETIC, *shape), np.uint8),
        "blank": np.broadcast_to(colours, (_SYNTHETIC, *shape)).copy(),
    }


def published_sets(data: Path | None, own: str) -> Iterator[tuple[str, EncodedPhotos]]:
    """Yield the name and the encoded photos of each published set that is found.

    The network's `own` data set is left out.
    """
    for name, (dataset, find) in _SETS.items():
        folders = [*search_folders(data, dataset), downloads_folder(dataset)]
        found = None if dataset == own else find(data, folders)
        if found:
            yield name, found


def has_photos_of(photos: EncodedPhotos, contents: Collection[str]) -> bool:
    """Whether one of the photos is among those whose files have these sha256, hexadecimal."""
    return any(hashlib.sha256(photo).hexdigest() in contents for photo in photos)


def read_photos(path: Path) -> EncodedPhotos:
    """Return at most `MAX_PHOTOS` photos of a folder or a zip file, sub-folders included.

    Raises:
        TrainingError: it can't be read, or has no photos.
    """
    try:
        if path.is_dir():
            names = [str(each.relative_to(path)) for each in path.rglob("*") if each.is_file()]
            found = [(path / name).read_bytes() for name in _sample(names)]
        else:
            with zipfile.ZipFile(path) as archive:
                found = [_extracted(archive, name) for name in _sample(archive.namelist())]
    except (OSError, zipfile.BadZipFile) as error:
        raise TrainingError(
            f"{path} is neither a folder nor a zip file of photos ({error})"
        ) from error
    if not found:
        raise TrainingError(f"{path} has no photos ({', '.join(_ENDINGS)})")
    return found


def prepare_photos(photos: EncodedPhotos, preparation: str, shape: Shape) -> np.ndarray:
    """Prepare photos as the gateway does, leaving out those that do not decode.

    Raises:
        TrainingError: none of them decodes.
    """

    def attempt(encoded: bytes) -> np.ndarray | None:
        try:
            return prepare_photo(encoded, preparation, shape)
        except BadPhoto:
            return None

    good = [pixels for pixels in mapped(attempt, photos) if pixels is not None]
    if not good:
        raise TrainingError(f"none of the photos can be decoded (tried {len(photos)})")
    return np.stack(good)


def _extracted(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        if archive.getinfo(name).flag_bits & _ENCRYPTED:
            raise TrainingError(
                f"{name} in {archive.filename} has a password: zip the photos without one"
            )
        return archive.read(name)
    except (NotImplementedError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError) as error:
        raise TrainingError(
            f"{name} in {archive.filename} can't be extracted ({error}): zip the photos again"
        ) from error


def _sample(names: Sequence[str]) -> list[str]:
    photos = sorted(name for name in names if name.lower().endswith(_ENDINGS))
    return [photos[index] for index in _sample_indices(len(photos))]


def _sample_indices(count: int) -> list[int]:
    random = np.random.default_rng(_SEED)
    return sorted(random.choice(count, min(count, MAX_PHOTOS), replace=False).tolist())


def _encoded(arrays: np.ndarray) -> EncodedPhotos:
    """Return a sample of gray arrays `[photos, height, width, 1]` as PNG files."""
    files = []
    for index in _sample_indices(len(arrays)):
        file = io.BytesIO()
        Image.fromarray(arrays[index, ..., 0]).save(file, "PNG")
        files.append(file.getvalue())
    return files


def _arrays(load: Callable[[Path | None, float], DataSet], *files: str) -> _Find:
    """Return a function that loads a data set's test photos, if a folder has all of its files."""

    def find(data: Path | None, folders: list[Path]) -> EncodedPhotos | None:
        if not any(all((folder / name).is_file() for name in files) for folder in folders):
            return None
        return _encoded(np.asarray(load(data, 0.0).test.photos))

    return find


def _archive(*names: str) -> _Find:
    """Return a function that reads a data set's archive, or the folder unpacked from it."""

    def find(data: Path | None, folders: list[Path]) -> EncodedPhotos | None:
        paths = (folder / name for folder in folders for name in names)
        path = next((each for each in paths if each.exists()), None)
        return read_photos(path) if path else None

    return find


_SETS = {
    "digits": ("mnist", _arrays(load_mnist, MNIST_FILE)),
    "garments": ("fashion-mnist", _arrays(load_fashion_mnist, *FASHION_FILES)),
    "cats and dogs": (
        "dogs-vs-cats",
        _archive(*PET_ARCHIVES, "PetImages"),
    ),
    "flowers": ("flower-photos", _archive("flower_photos.zip", "flower_photos")),
}
