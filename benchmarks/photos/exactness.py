"""What has to be the same: sideways and upright, gateway and process, decoded small and whole."""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from unittest import mock

import numpy as np
from PIL import Image, ImageChops, JpegImagePlugin

from benchmarks.photos.distortions import encode, grain
from benchmarks.photos.posting import Gateway
from serving.photos import prepare
from training.publishing.published_model import PublishedModel

ORIENTATIONS = range(2, 9)
PHONE = (4032, 3024)
_GRAIN = 4.0  # Of 255 levels, as small sensors have it.

Pictures = Callable[[int], Image.Image]
"""Draws the picture at a place."""


@dataclass(frozen=True)
class Sideways:
    """Photos with each EXIF orientation against the same photos upright.

    Attributes:
        photos: how many pairs of each kind.
        pixels_differ: how many PNGs have other pixels.
        probabilities: of JPEGs, float `[photos]`, how far the top class's probability is off.
    """

    photos: int
    pixels_differ: int
    probabilities: np.ndarray


@dataclass(frozen=True)
class Reduced:
    """12-megapixel JPEGs, decoded at a reduced size, against decoded whole.

    Attributes:
        seconds: float `[rounds]`, processor time of the preparation as it is.
        resized: float `[rounds]`, that of decoding all and resizing, which inverts and trims
            nothing.
        whole: float `[rounds]`, that of the same preparation of all pixels.
        bytes: float `[rounds]`, of the files.
        moved: float `[photos]`, how far the probability of the top class moves.
    """

    seconds: np.ndarray
    resized: np.ndarray
    whole: np.ndarray
    bytes: np.ndarray
    moved: np.ndarray


def sideways(gateway: Gateway, model: PublishedModel, picture: Pictures, count: int) -> Sideways:
    """Hold pictures in each orientation; pixels are compared here, probabilities by the gateway."""
    differ = 0
    for place in range(count):
        upright = prepare(encode(picture(place), "PNG"), model.preparation, model.shape)
        orientation = ORIENTATIONS[place % len(ORIENTATIONS)]
        held = encode(picture(place), "PNG", orientation)
        differ += not np.array_equal(upright, prepare(held, model.preparation, model.shape))

    def photo(place: int) -> bytes:
        pair, turned = divmod(place, 2)
        orientation = ORIENTATIONS[pair % len(ORIENTATIONS)] if turned else 1
        return encode(picture(pair), "JPEG", orientation, quality=90)

    said = gateway.classify(model.name, model.labels, 2 * count, photo).probabilities
    return Sideways(count, differ, _moved(said[0::2], said[1::2]))


def beside_process(
    gateway: Gateway, model: PublishedModel, count: int, photo: Callable[[int], bytes]
) -> np.ndarray:
    """Return how far the gateway's probabilities are from the model's own: `[photos, classes]`."""
    said = gateway.classify(model.name, model.labels, count, photo).probabilities
    pixels = [prepare(photo(place), model.preparation, model.shape) for place in range(count)]
    return np.asarray(np.abs(said - model.probabilities(np.stack(pixels))))


def reduced(
    model: PublishedModel,
    picture: Pictures,
    rounds: int,
    count: int,
    progress: Callable[[int], None],
) -> Reduced:
    """Time 12-megapixel photos decoded both ways in turn, and let the model judge both."""
    rows, pairs = [], []
    for place in range(max(rounds, count)):
        encoded = phone_photo(picture(place))
        ours, taken = _timed(partial(prepare, encoded, model.preparation, model.shape))
        with _whole_decoding():
            all_of_it, whole = _timed(partial(prepare, encoded, model.preparation, model.shape))
        if place < rounds:
            _, resized = _timed(partial(_decode_all_then_resize, encoded, model.shape))
            rows.append((taken, resized, whole, len(encoded)))
        pairs.append((ours, all_of_it))
        progress(1)
    said = [model.probabilities(np.stack(side)) for side in zip(*pairs, strict=True)]
    seconds, resized, whole, sizes = np.array(rows, float).T
    return Reduced(seconds, resized, whole, sizes, _moved(*said))


def phone_photo(picture: Image.Image) -> bytes:
    """Return a picture as a phone's camera would send it: 12 megapixels, grain, JPEG 75."""
    large = picture.resize(PHONE, Image.Resampling.BICUBIC)
    return encode(ImageChops.add(large, grain(PHONE, _GRAIN), 1, -128), quality=75)


def _decode_all_then_resize(encoded: bytes, shape: Sequence[int]) -> np.ndarray:
    """Do what most programs do."""
    height, width, channels = shape
    photo = Image.open(io.BytesIO(encoded)).convert("L" if channels == 1 else "RGB")
    pixels: np.ndarray = np.asarray(photo.resize((width, height), Image.Resampling.BILINEAR))
    return pixels


@contextmanager
def _whole_decoding() -> Iterator[None]:
    """Let Pillow decode JPEGs whole, whatever it is asked for."""
    with mock.patch.object(JpegImagePlugin.JpegImageFile, "draft", return_value=None):
        yield


def _timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    """Return what the work gives, and the processor seconds of this thread that it took."""
    began = time.thread_time()
    made = work()
    return made, time.thread_time() - began


def _moved(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return how far the probability of each photo's top class by `one` is off in `other`."""
    rows = np.arange(len(one))
    top = one.argmax(axis=1)
    return np.asarray(np.abs(one[rows, top] - other[rows, top]))
