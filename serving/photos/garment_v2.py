"""A photo of one thing → the thing bright on black, trimmed, fitted, centred: `garment/2`.

Fashion-MNIST was made from shop photos on white: trimmed, the longest edge fitted to 28 pixels,
sharpened, centred, negated (Xiao, Rasul and Vollgraf, 2017, section 2,
https://arxiv.org/abs/1708.07747). This does so for photos that are not on white: the background is
a smooth surface through the colours of the border, and what differs from it is the subject.
"""

import functools

import numpy as np
from PIL import Image, ImageFilter

from serving.photos.background import Background, background

_SIDE = 84
"""Longest edge, in pixels, at which the subject is looked for."""

_DARK = 60
"""A background darker than this already is the black that garments are shown on."""
_PLAIN = 25
"""A background so near to white or black shows white or black garments as they are."""
_FAINTEST = 60
"""Level of the faintest pixel of a subject on any other background."""
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
    colours = np.asarray(photo)
    behind = background(colours)
    smooth = colours if behind.even else np.asarray(photo.filter(ImageFilter.BoxBlur(1)))
    red, green, blue = np.abs(_planes(smooth) - behind.planes)
    difference = np.maximum(np.maximum(red, green), blue).astype(np.uint8)
    threshold = _threshold(difference, behind)
    mask = _around_the_middle(_majority(difference > threshold))
    solid = _ramp(threshold / 2, threshold)[difference] * _grown(mask)
    levels = _levels(round(behind.level))[np.asarray(photo.convert("L"))]
    shown = (levels * solid).astype(np.uint8)
    left, top, right, bottom = _bounding_box(solid >= 0.5)
    return Image.fromarray(shown[top:bottom, left:right])


def _planes(colours: np.ndarray) -> np.ndarray:
    """Return the colours of a photo, `[height, width, 3]`, as float32 `[3, height, width]`."""
    return np.ascontiguousarray(colours.transpose(2, 0, 1), np.float32)


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


def _threshold(difference: np.ndarray, behind: Background) -> int:
    """Return the difference from which on a pixel is the subject's."""
    best = 4 * behind.spread if behind.even else 0.8 * _otsu(difference)
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
    rows, columns = (np.flatnonzero(mask.sum(axis, np.uint8) >= 2) for axis in (1, 0))
    if len(rows) < 4 or len(columns) < 4:
        return 0, 0, mask.shape[1], mask.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
