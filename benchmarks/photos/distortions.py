"""Test images as photos: the effects of cameras, rooms and apps.

The garments of the data set are bright on black: its authors inverted shop photos, which show
garments on a light background (Xiao, Rasul, Vollgraf 2017, section 2). A photo on a light
background undoes this: background × (1 - level / 255). On a dark background the garment adds light
instead (`screen`). The data set has no garment outlines, so garments can't be cut out.
"""

import functools
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

SCALE = 20
MARGIN = 40  # Pixels around the upscaled image.
AWAY = 240  # Pixels by which a photo off centre is larger than the upscaled image.
NOISE = 12.0  # Standard deviation, of 255 levels.
CLEAN = "as in the data set"
COMBINED = "light, off-centre, JPEG 75"

_LIGHT = (236, 234, 230)
_DARK = (28, 26, 30)
_WOOD = (176, 136, 98)
_ORIENTATION = 0x0112
_STORED = {  # How the pixels are stored for each EXIF orientation.
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}

Distortion = Callable[[Image.Image, int], bytes]
"""Turns a picture and its index in the split into an encoded photo."""


def encode(
    picture: Image.Image,
    form: str = "JPEG",
    orientation: int = 1,
    quality: int = 95,
    **options: Any,
) -> bytes:
    """Encode a picture as a camera does that writes this EXIF orientation.

    The options are those of Pillow for the format.
    """
    exif = Image.Exif()
    if orientation > 1:
        picture = picture.transpose(_STORED[orientation])
        exif[_ORIENTATION] = orientation
    file = io.BytesIO()
    picture.save(file, form, quality=quality, exif=exif, **options)
    return file.getvalue()


def on_light(item: Image.Image, ground: Image.Image) -> Image.Image:
    """Draw a garment, bright on black, as a dark one on a light background of its size."""
    return ImageChops.multiply(ground, ImageOps.invert(item).convert("RGB"))


def on_dark(item: Image.Image, ground: Image.Image) -> Image.Image:
    """Draw a garment, bright on black, as a bright one on a dark background of its size."""
    return ImageChops.screen(ground, item.convert("RGB"))


def noisy(picture: Image.Image, index: int) -> Image.Image:
    """Add noise that differs from index to index."""
    noise = ImageChops.offset(grain(picture.size, NOISE), 37 * index, 101 * index)
    return ImageChops.add(picture, noise, 1, -128)


@functools.lru_cache(maxsize=4)
def grain(size: tuple[int, int], deviation: float) -> Image.Image:
    """Return Gaussian noise around the level 128."""
    noise = np.random.default_rng(0).normal(128, deviation, (size[1], size[0], 3))
    return Image.fromarray(noise.clip(0, 255).astype(np.uint8))


def turned(picture: Image.Image, index: int) -> bytes:
    """Encode a picture with one of the seven EXIF orientations that are not upright."""
    return encode(picture, orientation=2 + index % 7)


def brighter(factor: float) -> Distortion:
    """Return a distortion that multiplies the brightness."""
    return lambda picture, _: encode(ImageEnhance.Brightness(picture).enhance(factor))


def jpeg(quality: int) -> Distortion:
    """Return a distortion that encodes as JPEG with this quality."""
    return lambda picture, _: encode(picture, quality=quality)


def blurred(radius: float) -> Distortion:
    """Return a distortion that blurs with a Gaussian; the radius is in pixels."""
    return lambda picture, _: encode(picture.filter(ImageFilter.GaussianBlur(radius)))


def _common(blur: float) -> dict[str, Distortion]:
    """Return the distortions that apply to any photo."""
    return {
        "JPEG 30": jpeg(30),
        "JPEG 50": jpeg(50),
        "JPEG 75": jpeg(75),
        "JPEG 95": jpeg(95),
        "turned by EXIF": turned,
        "noise": lambda picture, index: encode(noisy(picture, index)),
        "blur": blurred(blur),
        "half brightness": brighter(0.5),
        "double brightness": brighter(2.0),
    }


PET_DISTORTIONS = _common(blur=1.5)
"""Distortions of real photos, about 180 pixels wide."""


def scene(item: np.ndarray, ground: str = "light", index: int | None = None) -> Image.Image:
    """Return a photo of a garment, upscaled 20 times.

    Args:
        item: uint8 `[28, 28]`, bright on black.
        ground: `light`, `dark`, `coloured` or `gradient`.
        index: seed of the position, off centre; None: centred.
    """
    side = SCALE * len(item)
    large = Image.fromarray(item).resize((side, side), Image.Resampling.BICUBIC)
    room = 2 * MARGIN if index is None else AWAY
    corner = (MARGIN, MARGIN)
    if index is not None:
        left, top = np.random.default_rng(index).integers(0, AWAY + 1, 2)
        corner = (int(left), int(top))
    canvas = Image.new("L", (side + room, side + room))
    canvas.paste(large, corner)
    compose = on_dark if ground == "dark" else on_light
    return compose(canvas, _ground(ground, canvas.size))


@functools.lru_cache(maxsize=8)
def _ground(name: str, size: tuple[int, int]) -> Image.Image:
    if name == "gradient":  # As if lit by a window at the upper left.
        x, y = np.meshgrid(np.linspace(0, 1, size[0]), np.linspace(0, 1, size[1]))
        return Image.fromarray((250 - 50 * x - 50 * y).astype(np.uint8)).convert("RGB")
    return Image.new("RGB", size, {"light": _LIGHT, "dark": _DARK, "coloured": _WOOD}[name])


def garment_photo(name: str) -> Callable[[np.ndarray, int], bytes]:
    """Return the function for one of `GARMENT_DISTORTIONS`."""
    if name == CLEAN:
        return lambda item, _: encode(Image.fromarray(item), "PNG")
    if name == "off-centre":
        return lambda item, index: encode(scene(item, index=index))
    if name == COMBINED:
        return lambda item, index: encode(scene(item, index=index), quality=75)
    if name.endswith(" ground"):
        ground = name.removesuffix(" ground")
        return lambda item, _: encode(scene(item, ground))
    distort = _ON_LIGHT[name]
    return lambda item, index: distort(scene(item), index)


_ON_LIGHT = _common(blur=SCALE / 2)
_GROUNDS = ("light ground", "dark ground", "coloured ground", "gradient ground")
GARMENT_DISTORTIONS = (CLEAN, *_GROUNDS, "off-centre", *_ON_LIGHT, COMBINED)


def pet_photo(name: str) -> Callable[[bytes, int], bytes]:
    """Return the function for `CLEAN` or one of `PET_DISTORTIONS`."""
    if name == CLEAN:
        return lambda encoded, _: encoded
    distort = PET_DISTORTIONS[name]
    return lambda encoded, index: distort(opened(encoded), index)


def opened(encoded: bytes) -> Image.Image:
    """Decode one of the data set's photos, which are plain JPEGs."""
    return Image.open(io.BytesIO(encoded)).convert("RGB")
