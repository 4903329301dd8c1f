"""Photos of any kind in Python as the pixels of a model."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from serving.photos import BadPhoto, Shape
from training.data.photo_limits import prepare_photo
from training.errors import TrainingError, UsageError, explained
from training.threads import mapped

Photo = str | Path | bytes | np.ndarray | Image.Image
"""A photo: the path of its file, the bytes of its file, pixels, or an image of Pillow.

Pixels are uint8: `[height, width]`, or `[height, width, channels]` with 1 (gray), 3 (RGB) or 4
channels (RGB and opacity).
"""


def photos_in(given: Photo | Iterable[Photo]) -> list[Photo]:
    """Return the photos that are given: one, several, or an array of several."""
    if isinstance(given, np.ndarray):
        return list(given) if given.ndim == 4 else [given]
    if isinstance(given, (str, Path, bytes, Image.Image)):
        return [given]
    return list(given)


def photo_names(photos: list[Photo]) -> list[str | int]:
    """Return the name of each photo: its path, or its position among the photos."""
    return [
        str(photo) if isinstance(photo, (str, Path)) else number
        for number, photo in enumerate(photos)
    ]


def prepared(photos: list[Photo], preparation: str, shape: Shape) -> np.ndarray:
    """Prepare photos as the gateway does, uint8 `[photos, height, width, channels]`.

    Raises:
        UsageError: a photo is of another type, can't be read, or is damaged.
    """

    def prepare(numbered: tuple[str | int, Photo]) -> np.ndarray:
        name, photo = numbered
        try:
            return prepare_photo(_encoded(photo), preparation, shape)
        except (BadPhoto, TrainingError) as error:
            raise UsageError(f"photo {name}: {error}") from error

    pixels = list(mapped(prepare, list(zip(photo_names(photos), photos, strict=True))))
    return np.stack(pixels) if pixels else np.zeros((0, *shape), np.uint8)


def _encoded(photo: Photo) -> bytes:
    """Return a photo as the bytes of a file."""
    if isinstance(photo, bytes):
        return photo
    if isinstance(photo, (str, Path)):
        with explained("it can't be read"):
            return Path(photo).read_bytes()
    if isinstance(photo, np.ndarray):
        return _png(_image(photo))
    if isinstance(photo, Image.Image):
        return _png(photo)
    raise UsageError(f"a path, bytes, uint8 pixels or an image of Pillow, not {type(photo)}")


def _image(pixels: np.ndarray) -> Image.Image:
    shape = "×".join(map(str, pixels.shape))
    if pixels.dtype != np.uint8:
        raise UsageError(f"pixels are uint8, 0 to 255, not {pixels.dtype}")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    if pixels.size == 0 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,), (4,)):
        raise UsageError(f"pixels are height×width, with 1, 3 or 4 channels, not {shape}")
    return Image.fromarray(pixels)


def _png(image: Image.Image) -> bytes:
    """Return an image without loss; its orientation and its colour profile are kept."""
    file = io.BytesIO()
    plain = image.convert("RGB") if image.mode in ("CMYK", "YCbCr", "LAB", "HSV", "F") else image
    plain.save(file, "PNG", compress_level=0, exif=image.getexif())
    return file.getvalue()
