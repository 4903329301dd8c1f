"""Unknown (out-of-distribution) photos: published data sets of other things, noise, blanks.

Published photos are prepared as the gateway prepares them. Nothing is downloaded for this: sets
whose files are neither found nor downloaded before are left out.
"""

import hashlib
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from serving.photos import Shape
from serving.photos.errors import BadPhoto
from training.data.class_folders import LeftOut, photos_below
from training.data.datasets import DataSet, search_folders
from training.data.loaders.cats_dogs import ARCHIVES as PET_ARCHIVES
from training.data.loaders.fashion_mnist import FILES as FASHION_FILES
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.data.loaders.mnist import FILE as MNIST_FILE
from training.data.loaders.mnist import load_mnist
from training.data.photo_archives import photos_in_archive
from training.data.photo_limits import prepare_photo
from training.data.prepared_photos import Source
from training.downloads import downloads_folder
from training.errors import TrainingError
from training.threads import mapped

MAX_PHOTOS = 1_000
"""Photos per set; of larger sets a random choice, always the same."""

_SEED = 0
_SYNTHETIC = 200
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
    if path.is_dir():
        return _sampled(photos_below(path, path, LeftOut()), path)
    with photos_in_archive(path, LeftOut()) as sources:
        return _sampled(sources, path)


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


def _sampled(files: Sequence[Source], path: Path) -> EncodedPhotos:
    """Read a sample of the photos among the files of a folder or a zip file."""
    photos = [file for file in files if file.name.lower().endswith(_ENDINGS)]
    if not photos:
        raise TrainingError(f"{path} has no photos ({', '.join(_ENDINGS)})")
    photos.sort(key=lambda photo: photo.name)  # The same choice from a folder and an archive.
    return [_read(photos[index], path) for index in _sample_indices(len(photos))]


def _read(photo: Source, path: Path) -> bytes:
    try:
        return photo.read()
    except OSError as error:
        raise TrainingError(
            f"{photo.name} in {path} can't be read ({error}): replace it or leave it out"
        ) from error


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
