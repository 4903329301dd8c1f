"""Kaggle's dogs-vs-cats: photos named `train/cat.N.jpg` and `train/dog.N.jpg` in `train.zip`.

Every photo is prepared once, exactly as the gateway prepares it, and kept in a cache folder.
Source: https://www.kaggle.com/c/dogs-vs-cats/data
"""

import hashlib
import re
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import numpy as np

from serving.errors import BadPhoto
from serving.photos import prepare
from training.cache import Prepared, cached_photos
from training.datasets import DataSet, Split, file_digest, search_folders
from training.errors import TrainingError

LABELS = ("cat", "dog")
SHARES = (0.70, 0.15)  # Training and validation; the rest is the test split.
_SPLIT_SEED = "photolabel-1"  # Any text: independent of the seed that a run is trained with.

Progress = Callable[[int, int], None]
Shape = tuple[int, int, int]


def load_cats_dogs(
    data: Path | None, preparation: str, shape: Shape, progress: Progress
) -> DataSet:
    """Load the photos of Kaggle's `train.zip`, prepared and split 70/15/15.

    The split depends on the photos' names alone, class by class: the same for every run.

    Args:
        data: where to look first; PHOTOLABEL_DATA is looked into next.
        preparation: as `serving.photos` names it.
        shape: height, width and channels.
        progress: called with the photos done and all photos, while they are prepared.

    Raises:
        TrainingError: no `train.zip`, or it is damaged, or not of this layout.
    """
    path = _find(data)
    digest = file_digest(path)
    photos = cached_photos(
        key=f"dogs-vs-cats/{digest}/{preparation}/{shape}/{_SPLIT_SEED}",
        make=lambda: _prepare_all(path, preparation, shape, progress),
    )
    training, validation = (int(cut) for cut in photos.cuts)
    parts = (slice(0, training), slice(training, validation), slice(validation, None))
    splits = [Split(photos.pixels[part], photos.classes[part]) for part in parts]
    return DataSet("dogs-vs-cats", LABELS, digest, *splits, damaged=photos.damaged)


def _find(data: Path | None) -> Path:
    folders = search_folders(data, "dogs-vs-cats")
    for folder in folders:
        if (folder / "train.zip").is_file():
            return folder / "train.zip"
    looked = ", ".join(map(str, folders)) or "no folder given"
    raise TrainingError(
        f"no train.zip (looked in: {looked}). Fetch it from"
        " https://www.kaggle.com/c/dogs-vs-cats/data, put it into a folder and name that with"
        " --data or PHOTOLABEL_DATA"
    )


def split_names(names: list[str]) -> list[list[str]]:
    """Split photo names into training, validation and test, 70/15/15 within each class.

    Each class's names are ordered by a hash and cut; each split is then ordered by the same hash,
    so that classes are mixed.
    """
    splits: list[list[str]] = [[], [], []]
    for label in LABELS:
        ordered = sorted((name for name in names if _label(name) == label), key=_hash)
        first = round(len(ordered) * SHARES[0])
        second = first + round(len(ordered) * SHARES[1])
        for split, part in zip(splits, (slice(first), slice(first, second), slice(second, None))):
            split += ordered[part]
    return [sorted(split, key=_hash) for split in splits]


def _label(name: str) -> str | None:
    """Return the class that a file name tells, None if it is no photo of Kaggle's."""
    match = re.fullmatch(r"(?:.*/)?(cat|dog)\.\d+\.jpg", name)
    return match[1] if match else None


def _hash(name: str) -> bytes:
    return hashlib.sha256(f"{_SPLIT_SEED}:{name.rpartition('/')[2]}".encode()).digest()


def _prepare_all(path: Path, preparation: str, shape: Shape, progress: Progress) -> Prepared:
    """Prepare the photos of a zip file in parallel, split by split; set damaged ones aside."""
    try:
        with zipfile.ZipFile(path) as archive:
            splits = split_names([name for name in archive.namelist() if _label(name)])
            if not all(splits) or len({_label(name) for name in splits[2]}) < len(LABELS):
                raise TrainingError(
                    f"{path} has too few photos named train/cat.N.jpg and train/dog.N.jpg"
                )
            return _prepare_splits(archive, splits, preparation, shape, progress)
    except zipfile.BadZipFile as error:
        raise TrainingError(f"{path} is no intact zip file ({error}): fetch it again") from error


def _prepare_splits(
    archive: zipfile.ZipFile,
    splits: list[list[str]],
    preparation: str,
    shape: Shape,
    progress: Progress,
) -> Prepared:
    names = [name for split in splits for name in split]
    pixels = np.empty((len(names), *shape), np.uint8)
    reading = Lock()  # Members of one archive are read through one file.

    def put(index: int) -> str | None:
        try:
            with reading:
                encoded = archive.read(names[index])
            pixels[index] = prepare(encoded, preparation, shape)
        except (BadPhoto, zipfile.BadZipFile) as error:
            return f"{names[index]}: {error}"
        return None

    faults = []
    with ThreadPoolExecutor() as pool:
        for done, fault in enumerate(pool.map(put, range(len(names))), start=1):
            faults.append(fault)
            progress(done, len(names))
    good = np.array([fault is None for fault in faults])
    ends = np.cumsum([len(split) for split in splits])
    classes = np.array([LABELS.index(_label(name) or "") for name in names], np.int64)
    return Prepared(
        pixels=pixels if good.all() else pixels[good],
        classes=classes[good],
        cuts=tuple(int(good[:end].sum()) for end in ends[:2]),
        damaged=tuple(fault for fault in faults if fault),
    )
