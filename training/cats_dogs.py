"""Kaggle's dogs-vs-cats: photos named `train/cat.N.jpg` and `train/dog.N.jpg` in `train.zip`.

Every photo is prepared once, exactly as the gateway prepares it, and kept in the cache.
Source: https://www.kaggle.com/c/dogs-vs-cats/data
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import numpy as np

from serving.errors import BadPhoto
from serving.photos import Shape, prepare
from training.cache import cached_folder
from training.datasets import DataSet, Split, file_digest, search_folders
from training.errors import TrainingError

LABELS = ("cat", "dog")
_SHARES = (0.70, 0.15)  # Of training and validation; the rest is the test split.
_SPLIT_SEED = "photolabel-1"  # Any text: independent of the seed that a run is trained with.
_CACHE_FORMAT = 1  # Of the files of a cache entry; another one with each change of them.

Progress = Callable[[int, int], None]


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

    Returns:
        The data set, its pixels mapped from a file: what fits stays in memory.

    Raises:
        TrainingError: no `train.zip`, or it is damaged, or not of this layout.
    """
    path = _find(data)
    digest = file_digest(path)
    folder = cached_folder(
        f"dogs-vs-cats/{digest}/{preparation}/{shape}/{_SPLIT_SEED}/{_CACHE_FORMAT}",
        lambda folder: _prepare_archive(path, preparation, shape, folder, progress),
    )
    index = json.loads((folder / "index.json").read_text("utf-8"))
    classes = np.array(index["classes"], np.int64)
    pixels = np.memmap(folder / "pixels", np.uint8, "r", shape=(len(classes), *shape))
    ends = np.cumsum(index["sizes"])[:-1]
    parts = zip(np.split(pixels, ends), np.split(classes, ends), strict=True)
    training, validation, test = (Split(*part) for part in parts)
    damaged = tuple(index["damaged"])
    return DataSet("dogs-vs-cats", LABELS, digest, training, validation, test, damaged)


def split_names(names: Sequence[str]) -> list[list[str]]:
    """Split photo names into training, validation and test, 70/15/15 within each class.

    Each class's names are ordered by a hash and cut; each split is then ordered by the same hash,
    which mixes the classes.
    """
    splits: list[list[str]] = [[], [], []]
    for label in LABELS:
        ordered = sorted((name for name in names if _label(name) == label), key=_hash)
        first = round(len(ordered) * _SHARES[0])
        second = first + round(len(ordered) * _SHARES[1])
        splits[0] += ordered[:first]
        splits[1] += ordered[first:second]
        splits[2] += ordered[second:]
    return [sorted(split, key=_hash) for split in splits]


def _find(data: Path | None) -> Path:
    folders = search_folders(data, "dogs-vs-cats")
    for folder in folders:
        if (folder / "train.zip").is_file():
            return folder / "train.zip"
    looked = f"not found in {', '.join(map(str, folders))}" if folders else "no --data given"
    raise TrainingError(
        f"no cats and dogs: train.zip is {looked}. Fetch it from"
        " https://www.kaggle.com/c/dogs-vs-cats/data, put it into a folder and name that with"
        " --data or PHOTOLABEL_DATA"
    )


def _label(name: str) -> str | None:
    """Return the class that a file name tells, None if it is no photo of Kaggle's."""
    match = re.fullmatch(r"(?:.*/)?(cat|dog)\.\d+\.jpg", name)
    return match[1] if match else None


def _hash(name: str) -> bytes:
    return hashlib.sha256(f"{_SPLIT_SEED}:{name.rpartition('/')[2]}".encode()).digest()


def _prepare_archive(
    path: Path, preparation: str, shape: Shape, folder: Path, progress: Progress
) -> None:
    """Prepare the photos of a zip file, split by split, into a folder of the cache."""
    try:
        with zipfile.ZipFile(path) as archive:
            splits = split_names([name for name in archive.namelist() if _label(name)])
            if any({_label(name) for name in split} != set(LABELS) for split in splits):
                raise TrainingError(
                    f"{path} has too few photos named train/cat.N.jpg and train/dog.N.jpg to split"
                )
            _prepare_splits(archive, splits, preparation, shape, folder, progress)
    except zipfile.BadZipFile as error:
        raise TrainingError(f"{path} is no intact zip file ({error}): fetch it again") from error


def _prepare_splits(
    archive: zipfile.ZipFile,
    splits: list[list[str]],
    preparation: str,
    shape: Shape,
    folder: Path,
    progress: Progress,
) -> None:
    """Write `pixels` (uint8, one photo after the other) and `index.json`."""
    reading = Lock()  # The members of an archive are read through one file.

    def attempt(name: str) -> np.ndarray | str:
        try:
            with reading:
                encoded = archive.read(name)
            return prepare(encoded, preparation, shape)
        except (BadPhoto, zipfile.BadZipFile) as error:
            return f"{name}: {error}"

    places = [(split, name) for split, names in enumerate(splits) for name in names]
    good: list[tuple[int, int]] = []
    damaged: list[str] = []
    with open(folder / "pixels", "wb") as pixels, _threads() as pool:
        results = pool.map(attempt, [name for _, name in places])
        for (split, name), result in zip(places, results, strict=True):
            if isinstance(result, str):
                damaged.append(result)
            else:
                pixels.write(result.tobytes())
                good.append((split, LABELS.index(_label(name) or "")))
            progress(len(good) + len(damaged), len(places))
    index = {
        "sizes": [sum(place == split for place, _ in good) for split in range(len(splits))],
        "classes": [label for _, label in good],
        "damaged": damaged,
    }
    (folder / "index.json").write_text(json.dumps(index), "utf-8")


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Give threads that, when an error or Ctrl-C ends the work, don't finish all of it first."""
    pool = ThreadPoolExecutor()
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
