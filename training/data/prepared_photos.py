"""Encoded photos, prepared once, exactly as the gateway prepares them, and kept in the cache.

A store holds each content once, regardless of file names: labels and splits only refer to its rows.
A changed or an added photo makes another store.
"""

import hashlib
import json
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serving.photos import Shape
from serving.photos.errors import BadPhoto
from serving.photos.headers.inspection import image_format
from serving.photos.registry import module_of
from training.data.cache import cached
from training.data.photo_limits import TRAINING_LIMITS, prepare_photo
from training.errors import TrainingError
from training.progress_bars import ProgressCallback
from training.provenance import code_digest
from training.threads import mapped

_FORMAT = 3  # Of the files of a cache entry; to be raised when they change.


@dataclass(frozen=True)
class Source:
    """Where a photo is stored.

    Attributes:
        name: the file's path below the data set's folder, or in its archive.
        read: returns the encoded photo.
        path: the file's absolute path, or that of the archive and the path in it.
    """

    name: str
    read: Callable[[], bytes]
    path: str


@dataclass(frozen=True)
class PhotoStore:
    """Prepared photos.

    Attributes:
        digest: names contents, preparation and its code, shape and limits; a key for all that is
            computed from the store.
        pixels: uint8 `[rows, height, width, channels]`, mapped from a file.
        rows: from the sha256 of a file (hexadecimal) to its row.
        damaged: from the sha256 of a file that is not a valid photo to what is wrong with it.
        formats: how many photos have each format, by Pillow's name.
        parts: the stores that it joins, if it is not one of its own.
    """

    digest: str
    pixels: np.ndarray
    rows: dict[str, int]
    damaged: dict[str, str]
    formats: dict[str, int]
    parts: tuple["PhotoStore", ...] = ()


def content_digests(sources: Sequence[Source]) -> list[str | OSError | zipfile.BadZipFile]:
    """Return the sha256 of each photo's file, or the error of reading it."""

    def digest(source: Source) -> str | OSError | zipfile.BadZipFile:
        try:
            encoded = source.read()
        except (OSError, zipfile.BadZipFile) as error:
            return error
        # Empty files would count as copies of each other.
        return hashlib.sha256(encoded).hexdigest() if encoded else OSError("it is empty")

    return list(mapped(digest, sources))


def photo_store(
    sources: dict[str, Source], preparation: str, shape: Shape, progress: ProgressCallback
) -> PhotoStore:
    """Prepare photos, given by the sha256 of their content, or find them in the cache.

    Raises:
        TrainingError: the cache cannot be written, or a file changed meanwhile.
    """
    contents = sorted(sources)
    code = code_digest([module_of(preparation)])
    key = f"photos/{_sha256(contents)}/{preparation}/{code}/{shape}/{TRAINING_LIMITS}/{_FORMAT}"

    def write(folder: Path) -> None:
        _write(folder, sources, preparation, shape, progress)

    def read(folder: Path) -> PhotoStore:
        index = json.loads((folder / "index.json").read_text("utf-8"))
        rows = {content: row for row, content in enumerate(index["contents"])}
        pixels = np.zeros((0, *shape), np.uint8)  # An empty file can't be mapped.
        if rows:
            pixels = np.memmap(folder / "pixels", np.uint8, "r", shape=(len(rows), *shape))
        return PhotoStore(_sha256([key]), pixels, rows, index["damaged"], index["formats"])

    return cached(key, write, read)


def _sha256(texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _write(
    folder: Path,
    sources: dict[str, Source],
    preparation: str,
    shape: Shape,
    progress: ProgressCallback,
) -> None:
    """Write `pixels` (one photo after the other) and `index.json`."""
    contents = sorted(sources)

    def attempt(content: str) -> tuple[str, np.ndarray] | str:
        try:
            encoded = sources[content].read()
            if hashlib.sha256(encoded).hexdigest() != content:
                raise TrainingError(f"{sources[content].name} changed while it was being read")
            return str(image_format(encoded)), prepare_photo(encoded, preparation, shape)
        except BadPhoto as error:
            return str(error)

    good: list[str] = []
    damaged: dict[str, str] = {}
    formats: Counter[str] = Counter()
    with open(folder / "pixels", "wb") as pixels:
        for content, result in zip(contents, mapped(attempt, contents), strict=True):
            if isinstance(result, str):
                damaged[content] = result
            else:
                pixels.write(result[1].tobytes())
                formats[result[0]] += 1
                good.append(content)
            progress(len(good) + len(damaged), len(contents))
    index = {"contents": good, "damaged": damaged, "formats": formats}
    (folder / "index.json").write_text(json.dumps(index), "utf-8")
