"""A photo of one thing → the thing bright on black, trimmed, fitted, centred: `garment/2`.

Fashion-MNIST was made from shop photos on white: trimmed, the longest edge fitted to 28 pixels,
sharpened, centred, negated (Xiao, Rasul and Vollgraf, 2017, section 2,
https://arxiv.org/abs/1708.07747). This does so for photos that are not on white: the background is
a smooth surface through the colours of the border, and what differs from it is the subject.
"""

import functools
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

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
    background = _background(np.asarray(photo))
    smooth = photo if background.even else photo.filter(ImageFilter.BoxBlur(1))
    red, green, blue = np.abs(_planes(smooth) - background.planes)
    difference = np.maximum(np.maximum(red, green), blue).astype(np.uint8)
    threshold = _threshold(difference, background)
    mask = _around_the_middle(_majority(difference > threshold))
    solid = _ramp(threshold / 2, threshold)[difference] * _grown(mask)
    levels = _levels(round(background.level))[np.asarray(photo.convert("L"))]
    shown = (levels * solid).astype(np.uint8)
    left, top, right, bottom = _bounding_box(solid >= 0.5)
    return Image.fromarray(shown[top:bottom, left:right])


@dataclass(frozen=True)
class _Background:
    """What is behind the subject.

    Attributes:
        planes: its colours, float32 `[3, height, width]` or what broadcasts to it.
        level: its median gray level.
        spread: the median distance of the border's pixels from it, in levels.
    """

    planes: np.ndarray
    level: float
    spread: float

    @property
    def even(self) -> bool:
        return self.spread < _EVEN


def _background(colours: np.ndarray) -> _Background:
    """Lay a smooth surface through the border's colours, but for what reaches into the border.

    Args:
        colours: uint8 `[height, width, 3]`.
    """
    height, width, _ = colours.shape
    places, terms, everywhere = _border(height, width)
    border = colours.reshape(-1, 3)[places].astype(np.float32)
    middle = np.median(border, axis=0)
    away = np.abs(border - middle).max(axis=1)
    if np.count_nonzero(away <= _SAME) >= 0.7 * len(away):
        return _Background(middle[:, None, None], float(middle @ _LUMA), 0.0)
    for _ in range(4):
        near = away <= max(10.0, 2.5 * _median(away))
        chosen = terms[near]
        # A little ridge, so that a border that is half hidden does not send the surface astray.
        normal = chosen.T @ chosen + 5e-5 * len(chosen) * _CURVED
        factors = np.linalg.solve(normal, chosen.T @ border[near])
        away = np.abs(border - terms @ factors).max(axis=1)
    planes = (factors.T @ everywhere).clip(0, 255).reshape(3, height, width)
    return _Background(planes, _median(_LUMA @ planes.reshape(3, -1)), _median(away))


_CURVED = np.diag([0, 1, 1, 1, 1, 1]).astype(np.float32)  # All terms but the constant.


@functools.lru_cache(maxsize=16)  # Photos come in a few shapes.
def _border(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the places of some border pixels, their terms of a quadratic surface, and all terms.

    Returns:
        int64 `[pixels]`, float32 `[pixels, 6]` and float32 `[6, height * width]`.
    """
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(rows), columns, rows, columns * rows, columns**2, rows**2])
    edge = max(1, max(height, width) // 37)
    chosen = np.zeros((height, width), bool)
    wide, high = slice(None, None, 1 + width // 56), slice(None, None, 1 + height // 56)
    for side in (chosen[:edge, wide], chosen[-edge:, wide]):
        side[:] = True
    for side in (chosen[high, :edge], chosen[high, -edge:]):
        side[:] = True
    everywhere = terms.reshape(6, -1)
    places = np.flatnonzero(chosen)
    return places, np.ascontiguousarray(everywhere[:, places].T), everywhere


def _planes(photo: Image.Image) -> np.ndarray:
    """Return the pixels of an RGB photo, float32 `[3, height, width]`."""
    return np.ascontiguousarray(np.asarray(photo).transpose(2, 0, 1), np.float32)


def _median(values: np.ndarray) -> float:
    """Return the upper median; NumPy's own takes several times as long."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])


@functools.lru_cache(maxsize=256)
def _levels(background: int) -> np.ndarray:
    """Return how bright each gray level of the subject is shown: as Fashion-MNIST's, negated.

    Returns:
        float32 `[256]`.
    """
    levels = np.arange(256, dtype=np.float32)
    shown = levels if background <= _DARK else levels[::-1]
    plain = min(background, 255 - background) <= _PLAIN
    return shown if plain else np.maximum(shown, _FAINTEST)


def _threshold(difference: np.ndarray, background: _Background) -> int:
    """Return the difference from which on a pixel is the subject's."""
    best = 4 * background.spread if background.even else 0.8 * _otsu(difference)
    return round(max(_LEAST_DIFFERENCE, best))


def _otsu(difference: np.ndarray) -> int:
    """Return the level that parts two kinds of pixels best (Otsu, 1979)."""
    shares = np.bincount(difference.ravel(), minlength=256) / difference.size
    below = np.cumsum(shares)
    moments = np.cumsum(shares * np.arange(256))
    between = (moments[-1] * below - moments) ** 2 / np.maximum(below * (1 - below), 1e-9)
    return int(np.argmax(between)) + 1


@functools.lru_cache(maxsize=256)
def _ramp(low: float, high: float) -> np.ndarray:
    """Return 0 up to a level, 1 from another on, linear between: float32 `[256]`."""
    levels = np.arange(256, dtype=np.float32)
    return np.asarray(((levels - low) / (high - low)).clip(0, 1))


def _majority(mask: np.ndarray) -> np.ndarray:
    """Return where most of the 3×3 pixels around are in a mask: without specks and pinholes."""
    height, width = mask.shape
    framed = np.zeros((height + 2, width + 2), np.uint8)
    framed[1:-1, 1:-1] = mask
    rows = framed[:-2] + framed[1:-1] + framed[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] >= 5)


def _grown(mask: np.ndarray) -> np.ndarray:
    """Return a mask and two pixels around it."""
    height, width = mask.shape
    framed = np.zeros((height + 4, width + 4), bool)
    framed[2:-2, 2:-2] = mask
    rows = framed[:-4] | framed[1:-3] | framed[2:-2] | framed[3:-1] | framed[4:]
    grown = rows[:, :-4] | rows[:, 1:-3] | rows[:, 2:-2] | rows[:, 3:-1] | rows[:, 4:]
    return np.asarray(grown)


def _around_the_middle(mask: np.ndarray) -> np.ndarray:
    """Keep what hangs together with the middle of the photo, if that is enough of it."""
    height, width = mask.shape
    middle = slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)
    kept = np.zeros_like(mask)
    kept[middle] = mask[middle]
    across, down = _runs(mask), _runs(mask.T)
    before, area = -1, int(np.count_nonzero(kept))
    while before != area:
        before = area
        kept = _whole_runs(kept, across) & mask
        kept = _whole_runs(kept.T, down).T & mask
        area = int(np.count_nonzero(kept))
    return kept if area > _LEAST_AREA * mask.size else mask


def _runs(mask: np.ndarray) -> np.ndarray:
    """Return for each pixel the number of its stretch: of pixels of a row all in a mask, or not."""
    changes = np.ones(mask.shape, bool)
    changes[:, 1:] = mask[:, 1:] != mask[:, :-1]
    return changes.cumsum().reshape(mask.shape)


def _whole_runs(kept: np.ndarray, runs: np.ndarray) -> np.ndarray:
    """Return all pixels of the runs of which some are kept."""
    touched = np.zeros(int(runs[-1, -1]) + 1, bool)
    touched[runs[kept]] = True
    return np.asarray(touched[runs])


def _bounding_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of a mask; of the whole photo where it is next to empty."""
    rows, columns = (np.flatnonzero(np.count_nonzero(mask, axis=axis) >= 2) for axis in (1, 0))
    if len(rows) < 4 or len(columns) < 4:
        return 0, 0, mask.shape[1], mask.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
