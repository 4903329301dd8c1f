"""A photo of one thing → the thing bright on black, trimmed, fitted, centred: `garment/2`.

Fashion-MNIST was made from shop photos on white: trimmed, the longest edge fitted to 28 pixels,
sharpened, centred, negated (Xiao, Rasul and Vollgraf, 2017, section 2,
https://arxiv.org/abs/1708.07747). This does so for photos that are not on white: the background is
a smooth surface through the colours of the border, and what differs from it is the subject.
"""

import functools

import numpy as np
from PIL import Image, ImageChops, ImageFilter

_SIDE = 84
"""Longest edge, in pixels, at which the subject is looked for."""

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's gray.
_DARK = 60
"""A background darker than this already is the black that garments are shown on."""
_PLAIN = 25
"""A background so near to white or black shows white or black garments as they are."""
_FAINTEST = 60
"""Level of the faintest pixel of a subject on any other background."""
_EVEN = 4.0
"""Spread of the border, in levels, up to which a background is even."""
_SAME = 2.0
"""Where most of the border differs by no more levels, the background has one colour."""
_LEAST_DIFFERENCE = 12
_LEAST_AREA = 0.03
"""Of all pixels; a subject that is smaller was not found."""
_SHARPENING = ImageFilter.UnsharpMask(radius=1, percent=100, threshold=0)


def garment(photo: Image.Image, width: int, height: int) -> Image.Image:
    """Show the subject of a photo bright on black, trimmed, its longest edge fitted, centred.

    Args:
        photo: RGB, any size.
        width: of the result, pixels.
        height: likewise.

    Returns:
        `L`, `width` × `height`.
    """
    scale = _SIDE / max(photo.size)
    if scale < 1:
        photo = photo.resize(_scaled(photo.size, scale), Image.Resampling.BILINEAR)
    subject = _subject(photo)
    scale = min(width / subject.width, height / subject.height)
    fitted = subject.resize(_scaled(subject.size, scale), Image.Resampling.BILINEAR)
    canvas = Image.new("L", (width, height))
    canvas.paste(fitted, ((width - fitted.width) // 2, (height - fitted.height) // 2))
    return canvas.filter(_SHARPENING)


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _subject(photo: Image.Image) -> Image.Image:
    """Return the subject alone, on black, cut to its bounding box."""
    background, level, spread = _background(photo)
    smooth = photo if spread < _EVEN else _smoothed(photo, 1)  # Blurred, things are larger.
    difference = _largest_band(ImageChops.difference(smooth, background))
    threshold = _threshold(difference, spread)
    mask = _cut(_smoothed(_cut(difference, threshold), 1), 127)
    mask = _around_the_middle(mask)
    solid = difference.point(_ramp(threshold / 2, threshold))
    solid = ImageChops.darker(solid, _cut(_smoothed(mask, 2), 0))
    shown = ImageChops.multiply(photo.convert("L").point(_levels(round(level))), solid)
    return shown.crop(_bounding_box(np.asarray(solid) >= 128))


def _background(photo: Image.Image) -> tuple[Image.Image, float, float]:
    """Lay a smooth surface through the border's colours, but for what reaches into the border.

    Returns:
        RGB of the photo's size; its median gray level; the border's median distance from it.
    """
    border, terms = _border(np.asarray(photo))
    middle = np.median(border, axis=0)
    away = np.abs(border - middle).max(axis=1)
    if np.quantile(away, 0.7) <= _SAME:
        colour = tuple(middle.round().astype(int).tolist())
        return Image.new("RGB", photo.size, colour), float(middle @ _LUMA), 0.0
    for _ in range(4):
        near = away <= max(10.0, 2.5 * float(np.median(away)))
        chosen = terms[near]
        # A little ridge, so that a border that is half hidden does not send the surface astray.
        normal = chosen.T @ chosen + 5e-5 * len(chosen) * _CURVED
        factors = np.linalg.solve(normal, chosen.T @ border[near])
        away = np.abs(border - terms @ factors).max(axis=1)
    surface = np.clip(_GRID @ factors, 0, 255)
    tiles = Image.fromarray(surface.reshape(_TILES, _TILES, 3).round().astype(np.uint8))
    level = float(np.median(surface @ _LUMA))
    return tiles.resize(photo.size, Image.Resampling.BILINEAR), level, float(np.median(away))


def _border(colours: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pixels of the border, float32 `[pixels, 3]`, and their terms of the surface."""
    height, width, _ = colours.shape
    edge = max(1, max(height, width) // 37)
    wide, high = slice(None, None, 1 + width // 56), slice(None, None, 1 + height // 56)
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    places = np.stack([rows, columns, *colours.transpose(2, 0, 1)], axis=-1, dtype=np.float32)
    sides = places[:edge, wide], places[-edge:, wide], places[high, :edge], places[high, -edge:]
    border = np.concatenate([side.reshape(-1, 5) for side in sides])
    return border[:, 2:], _terms(border[:, 0], border[:, 1])


def _terms(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return the terms of a quadratic surface at places in -1–1, float32 `[places, 6]`."""
    terms = [np.ones_like(rows), columns, rows, columns * rows, columns**2, rows**2]
    return np.stack(terms, axis=-1, dtype=np.float32)


_CURVED = np.diag([0, 1, 1, 1, 1, 1]).astype(np.float32)  # All terms but the constant.
_TILES = 24  # The surface is so smooth that few of its places tell it.
_GRID = _terms(*(axis.ravel() for axis in np.mgrid[-1 : 1 : _TILES * 1j, -1 : 1 : _TILES * 1j]))


@functools.lru_cache(maxsize=256)
def _levels(background: int) -> list[int]:
    """Return how bright each gray level of the subject is shown: as Fashion-MNIST's, negated."""
    plain = min(background, 255 - background) <= _PLAIN
    faintest = 0 if plain else _FAINTEST
    return [max(faintest, level if background <= _DARK else 255 - level) for level in range(256)]


def _threshold(difference: Image.Image, spread: float) -> int:
    """Return the difference from which on a pixel is the subject's."""
    best = 4 * spread if spread < _EVEN else 0.8 * _otsu(difference.histogram())
    return round(max(_LEAST_DIFFERENCE, best))


def _otsu(counts: list[int]) -> int:
    """Return the level that parts two kinds of pixels best (Otsu, 1979)."""
    shares = np.array(counts) / sum(counts)
    below = np.cumsum(shares)
    moments = np.cumsum(shares * np.arange(len(shares)))
    between = (moments[-1] * below - moments) ** 2 / np.maximum(below * (1 - below), 1e-9)
    return int(np.argmax(between)) + 1


def _largest_band(photo: Image.Image) -> Image.Image:
    """Return the largest of each pixel's three bands."""
    red, green, blue = photo.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _smoothed(photo: Image.Image, radius: int) -> Image.Image:
    return photo.filter(ImageFilter.BoxBlur(radius))


def _cut(photo: Image.Image, level: int) -> Image.Image:
    """Return white where a gray photo is above a level, else black."""
    return photo.point([0] * (level + 1) + [255] * (255 - level))


@functools.lru_cache(maxsize=256)
def _ramp(low: float, high: float) -> list[int]:
    """Return black up to a level, white from another on, linear between, for each of 256."""
    return [round(255 * min(1.0, max(0.0, (level - low) / (high - low)))) for level in range(256)]


def _around_the_middle(mask: Image.Image) -> Image.Image:
    """Keep what hangs together with the middle of the photo, if that is enough of it."""
    whole = np.asarray(mask) > 0
    height, width = whole.shape
    middle = slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)
    kept = np.zeros_like(whole)
    kept[middle] = whole[middle]
    before = -1
    while before != (area := int(np.count_nonzero(kept))):
        before = area
        for _ in range(4):
            kept[1:] |= kept[:-1]
            kept[:-1] |= kept[1:]
            kept[:, 1:] |= kept[:, :-1]
            kept[:, :-1] |= kept[:, 1:]
            kept &= whole
    return Image.fromarray(kept).convert("L") if area > _LEAST_AREA * whole.size else mask


def _bounding_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of a mask; of the whole photo where it is next to empty."""
    rows, columns = (np.flatnonzero(np.count_nonzero(mask, axis=axis) >= 2) for axis in (1, 0))
    if len(rows) < 4 or len(columns) < 4:
        return 0, 0, mask.shape[1], mask.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
