"""Comparisons: sideways and upright, gateway and process, reduced and full decoding."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image, ImageChops, JpegImagePlugin

from benchmarks.photos.distortions import encode, grain
from benchmarks.photos.posting import Gateway
from serving.photos import prepare
from training.publishing.published_model import PublishedModel

ORIENTATIONS = range(2, 9)
PHONE = (4032, 3024)
ENCODERS: dict[str, dict[str, Any]] = {
    "JPEG 90, full colour": {"quality": 90, "subsampling": 0, "progressive": True},
    "WebP 90": {"form": "WEBP", "quality": 90},
    "PNG": {"form": "PNG"},
}
"""Other ways to save a picture than as JPEG 90 with colours at half the resolution."""
_GRAIN = 4.0  # Standard deviation in levels of 255, typical of small sensors.

Pictures = Callable[[int], Image.Image]
"""Draws the picture with an index."""


@dataclass(frozen=True)
class Sideways:
    """Photos with each EXIF orientation, compared with the same photos upright.

    Attributes:
        photos: number of pairs of each kind.
        pixels_differ: number of PNGs with different pixels.
        probabilities: for JPEGs, float `[photos]`, change of the top class's probability.
    """

    photos: int
    pixels_differ: int
    probabilities: np.ndarray


@dataclass(frozen=True)
class Reduced:
    """12-megapixel JPEGs decoded at a reduced size, compared with full decoding.

    Attributes:
        seconds: float `[rounds]`, processor time of the preparation.
        resized: float `[rounds]`, the same for full decoding and a plain resize.
        whole: float `[rounds]`, the same for the preparation after full decoding.
        bytes: float `[rounds]`, sizes of the files.
        moved: float `[photos]`, change of the top class's probability.
    """

    seconds: np.ndarray
    resized: np.ndarray
    whole: np.ndarray
    bytes: np.ndarray
    moved: np.ndarray


def sideways(gateway: Gateway, model: PublishedModel, picture: Pictures, count: int) -> Sideways:
    """Compare pixels in this process, and probabilities through the gateway."""
    differ = 0
    for index in range(count):
        upright = prepare(encode(picture(index), "PNG"), model.preparation, model.shape)
        orientation = ORIENTATIONS[index % len(ORIENTATIONS)]
        held = encode(picture(index), "PNG", orientation)
        differ += not np.array_equal(upright, prepare(held, model.preparation, model.shape))

    def photo(index: int) -> bytes:
        pair, turned = divmod(index, 2)
        orientation = ORIENTATIONS[pair % len(ORIENTATIONS)] if turned else 1
        return encode(picture(pair), "JPEG", orientation, quality=90)

    probabilities = gateway.classify(model.name, model.labels, 2 * count, photo).probabilities
    return Sideways(count, differ, _moved(probabilities[0::2], probabilities[1::2]))


def reencoded(
    gateway: Gateway, model: PublishedModel, picture: Pictures, count: int
) -> dict[str, np.ndarray]:
    """Return the change of the top class's probability for each of `ENCODERS`, `[photos]`."""

    def probabilities(**options: Any) -> np.ndarray:
        def photo(index: int) -> bytes:
            return encode(picture(index), **options)

        return gateway.classify(model.name, model.labels, count, photo).probabilities

    usual = probabilities(quality=90)
    return {name: _moved(usual, probabilities(**options)) for name, options in ENCODERS.items()}


def beside_process(
    gateway: Gateway, model: PublishedModel, count: int, photo: Callable[[int], bytes]
) -> np.ndarray:
    """Return the gateway's differences from the model's probabilities, `[photos, classes]`."""
    probabilities = gateway.classify(model.name, model.labels, count, photo).probabilities
    pixels = [prepare(photo(index), model.preparation, model.shape) for index in range(count)]
    return np.asarray(np.abs(probabilities - model.probabilities(np.stack(pixels))))


def reduced(
    model: PublishedModel,
    picture: Pictures,
    rounds: int,
    count: int,
    progress: Callable[[int], None],
) -> Reduced:
    """Decode 12-megapixel photos both ways in turn, and compare time and predictions."""
    rows, pairs = [], []
    for index in range(max(rounds, count)):
        encoded = phone_photo(picture(index))
        ours, taken = _timed(partial(prepare, encoded, model.preparation, model.shape))
        with _whole_decoding():
            all_of_it, whole = _timed(partial(prepare, encoded, model.preparation, model.shape))
        if index < rounds:
            _, resized = _timed(partial(_decode_all_then_resize, encoded, model.shape))
            rows.append((taken, resized, whole, len(encoded)))
        pairs.append((ours, all_of_it))
        progress(1)
    probabilities = [model.probabilities(np.stack(side)) for side in zip(*pairs, strict=True)]
    seconds, resized, whole, sizes = np.array(rows, float).T
    return Reduced(seconds, resized, whole, sizes, _moved(*probabilities))


def phone_photo(picture: Image.Image) -> bytes:
    """Return a picture as a phone's photo: 12 megapixels, grain, JPEG quality 75."""
    large = picture.resize(PHONE, Image.Resampling.BICUBIC)
    return encode(ImageChops.add(large, grain(PHONE, _GRAIN), 1, -128), quality=75)


def _decode_all_then_resize(encoded: bytes, shape: Sequence[int]) -> np.ndarray:
    """Prepare a photo as most programs do."""
    height, width, channels = shape
    photo = Image.open(io.BytesIO(encoded)).convert("L" if channels == 1 else "RGB")
    pixels: np.ndarray = np.asarray(photo.resize((width, height), Image.Resampling.BILINEAR))
    return pixels


@contextmanager
def _whole_decoding() -> Iterator[None]:
    """Make Pillow decode JPEGs at full size."""
    with mock.patch.object(JpegImagePlugin.JpegImageFile, "draft", return_value=None):
        yield


def _timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Return the result, and the processor seconds that this thread took."""
    began = time.thread_time()
    made = work()
    return made, time.thread_time() - began


def _moved(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the change of the probability of each photo's top class, from `one` to `other`."""
    rows = np.arange(len(one))
    top = one.argmax(axis=1)
    return np.asarray(np.abs(one[rows, top] - other[rows, top]))
