"""Gray pixels of more than 8 bits, integer or float, which Pillow would clip instead of scale.

What white is, no file of 32 bits says, and many of 16 bits hold the 8, 10 or 12 bits of a sensor.
So white is what the file declares if its brightest pixel is at least a sixteenth of that; else the
smallest of the usual whites of which the same is true; else the brightest pixel itself.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image, TiffImagePlugin

from serving.photos.errors import UnsupportedFormat

STRIP_PIXELS = 2_000_000

_DEEP = ("I", "F")  # How the names of Pillow's modes begin: 16 or 32 bits, 32 bits of float.
_WHITES = (1, 255, 1023, 4095, 65535)
_DARKEST = 1 / 16
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # TIFF 6.0
_WHITE_IS_ZERO, _UNSIGNED, _SIGNED = 0, 1, 2


def is_deep(photo: Image.Image) -> bool:
    """Return whether the photo is gray of more than 8 bits."""
    return photo.mode.startswith(_DEEP)


def to_16_bits(photo: Image.Image) -> Image.Image:
    """Scale gray of more than 8 bits to all of 16 bits; transparent pixels become white.

    Args:
        photo: a decoded photo. Any but gray of more than 8 bits (and 8 bits signed) is returned as
            it is, and so is gray of 16 bits that needs no change.

    Raises:
        UnsupportedFormat: some of its pixels are not numbers, or infinite.
    """
    tags = photo.tag_v2 if isinstance(photo, TiffImagePlugin.TiffImageFile) else {}
    sample = tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0]
    if photo.mode == "L" and sample == _SIGNED:  # Pillow takes the bytes as unsigned.
        return Image.fromarray(np.asarray(photo) ^ 0x80)
    if not is_deep(photo):
        return photo
    bits = tags.get(_BITS, (16 if photo.mode.startswith("I;16") else 32,))[0]
    unsigned_32 = photo.mode == "I" and bits == 32 and sample == _UNSIGNED and bool(tags)
    low, high = _range(photo, unsigned_32)
    black, white = _black_and_white(low, high, declared=2**bits - 1 if bits < 32 else None)
    inverted = tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
    clear = photo.info.get("transparency")  # A level; other pixels are opaque.
    if photo.mode == "I;16" and (black, white) == (0, 65535) and not inverted and clear is None:
        return photo
    scaled = np.empty((photo.height, photo.width), np.uint16)
    for top, values in _strips(photo, unsigned_32):
        levels = np.rint((values - np.float64(black)) * (255 / (white - black))).astype(np.uint16)
        levels = 255 - levels if inverted else levels
        if clear is not None:
            levels[values == clear] = 255
        scaled[top : top + len(levels)] = levels << 8
    return Image.fromarray(scaled)


def _strips(photo: Image.Image, unsigned_32: bool) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the first row of each strip and its values, `[rows, width]`."""
    rows = max(1, STRIP_PIXELS // photo.width)
    for top in range(0, photo.height, rows):
        strip = photo.crop((0, top, photo.width, min(top + rows, photo.height)))
        values = np.asarray(strip)
        yield top, values.view(np.uint32) if unsigned_32 else values


def _range(photo: Image.Image, unsigned_32: bool) -> tuple[float, float]:
    """Return the least and the greatest value."""
    extremes = []
    for _, values in _strips(photo, unsigned_32):
        if not np.isfinite(values).all():
            raise UnsupportedFormat(
                f"The {photo.format} has pixels that are infinite or not a number. Replace them,"
                " and save it with 8 or 16 bits."
            )
        extremes += [values.min(), values.max()]
    return float(min(extremes)), float(max(extremes))


def _black_and_white(low: float, high: float, declared: int | None) -> tuple[float, float]:
    if low >= 0:
        for white in (declared, *_WHITES):
            if white and white * _DARKEST <= high <= white:
                return 0, white
    black = min(low, 0)
    return black, high if high > black else black + 1
