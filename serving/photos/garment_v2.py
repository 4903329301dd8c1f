"""The subject bright on black, trimmed, fitted and centred: `garment/2`.

Fashion-MNIST was made from shop photos on white: trimmed, the longest edge fitted to 28 pixels,
sharpened, centred, negated (Xiao, Rasul and Vollgraf, 2017, section 2,
https://arxiv.org/abs/1708.07747). This does the same for photos on any background, which is taken
to be a smooth surface through the colours of the border; what differs from it is the subject.
"""

import functools

import numpy as np
from PIL import Image, ImageFilter

from serving.photos.background import Background, fit_background
from serving.photos.registry import preparation

_SIDE = 84  # Longest edge, in pixels, at which the subject is searched for.
_DARK = 60  # A background darker than this already is the black that garments are shown on.
_PLAIN = 25  # On a background this close to white or black, subjects keep their own levels.
_MIN_LEVEL = 60  # Of the pixels of a subject on any other background.
_MIN_DIFFERENCE = 12
_MIN_AREA = 0.03  # Of all pixels; anything smaller is not the subject.
_SHARPENING = ImageFilter.UnsharpMask(radius=1, percent=100, threshold=0)


@preparation("garment/2", needs_colour=True, margin=3, longest_edge_only=True)
def garment(photo: Image.Image, width: int, height: int) -> Image.Image:
    """Show the subject of an RGB photo bright on black, trimmed, its longest edge fitted, centred.

    Returns:
        A gray image (`L`), `width` × `height`.
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
    ground = fit_background(colours)
    smooth = colours if ground.uniform else np.asarray(photo.filter(ImageFilter.BoxBlur(1)))
    planes = np.ascontiguousarray(smooth.transpose(2, 0, 1), np.float32)
    red, green, blue = np.abs(planes - ground.planes)
    difference = np.maximum(np.maximum(red, green), blue).astype(np.uint8)
    threshold = _threshold(difference, ground)
    mask = _connected_to_centre(_majority_filter(difference > threshold))
    # `take` is faster than indexing by an array.
    solid = _ramp(threshold / 2, threshold).take(difference) * _dilate(mask)
    left, top, right, bottom = _bounding_box(solid >= 0.5)
    gray = np.asarray(photo.crop((left, top, right, bottom)).convert("L"))
    shown = _levels(ground.level).take(gray) * solid[top:bottom, left:right]
    return Image.fromarray(shown.astype(np.uint8))


@functools.lru_cache(maxsize=256)
def _levels(background: int) -> np.ndarray:
    """Return how bright each gray level of a subject is shown, negated as in Fashion-MNIST.

    Returns:
        float32 `[256]`.
    """
    levels = np.arange(256, dtype=np.float32)
    shown = levels if background <= _DARK else levels[::-1]
    plain = min(background, 255 - background) <= _PLAIN
    return shown if plain else np.maximum(shown, _MIN_LEVEL)


def _threshold(difference: np.ndarray, ground: Background) -> int:
    """Return the difference from the background at which a pixel belongs to the subject."""
    best = 4 * ground.spread if ground.uniform else 0.8 * _otsu(difference)
    return round(max(_MIN_DIFFERENCE, best))


def _otsu(difference: np.ndarray) -> int:
    """Return the level that best separates two classes of pixels (Otsu, 1979)."""
    shares = np.bincount(difference.ravel(), minlength=256) / difference.size
    below = np.cumsum(shares)
    moments = np.cumsum(shares * np.arange(256))
    between = (moments[-1] * below - moments) ** 2 / np.maximum(below * (1 - below), 1e-9)
    return int(np.argmax(between)) + 1


@functools.lru_cache(maxsize=256)
def _ramp(low: float, high: float) -> np.ndarray:
    """Return 0 up to `low`, 1 from `high` on, linear in between: float32 `[256]`."""
    levels = np.arange(256, dtype=np.float32)
    return np.asarray(((levels - low) / (high - low)).clip(0, 1))


def _majority_filter(mask: np.ndarray) -> np.ndarray:
    """Return where most of the 3×3 neighbourhood is in the mask: no specks, no pinholes."""
    height, width = mask.shape
    framed = np.zeros((height + 2, width + 2), np.uint8)
    framed[1:-1, 1:-1] = mask
    rows = framed[:-2] + framed[1:-1] + framed[2:]
    return np.asarray(rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] >= 5)


def _dilate(mask: np.ndarray) -> np.ndarray:
    """Return the mask grown by two pixels."""
    height, width = mask.shape
    framed = np.zeros((height + 4, width + 4), bool)
    framed[2:-2, 2:-2] = mask
    rows = framed[:-4] | framed[1:-3] | framed[2:-2] | framed[3:-1] | framed[4:]
    dilated = rows[:, :-4] | rows[:, 1:-3] | rows[:, 2:-2] | rows[:, 3:-1] | rows[:, 4:]
    return np.asarray(dilated)


def _connected_to_centre(mask: np.ndarray) -> np.ndarray:
    """Keep what is connected to the centre of the photo, if that is large enough."""
    height, width = mask.shape
    centre = slice(height // 4, height - height // 4), slice(width // 4, width - width // 4)
    kept = np.zeros_like(mask)
    kept[centre] = mask[centre]
    across, down = _runs(mask), _runs(mask.T)
    before, area = -1, int(np.count_nonzero(kept))
    while before != area:
        before = area
        kept = _touched_runs(kept, across) & mask
        kept = _touched_runs(kept.T, down).T & mask
        area = int(np.count_nonzero(kept))
    return kept if area > _MIN_AREA * mask.size else mask


def _runs(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where each run of equal pixels in a row begins, by flat index, and its length."""
    changes = np.ones(mask.shape, bool)
    changes[:, 1:] = mask[:, 1:] != mask[:, :-1]
    starts = np.flatnonzero(changes)
    return starts, np.diff(starts, append=mask.size)


def _touched_runs(kept: np.ndarray, runs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Return all pixels of the runs that have a kept pixel."""
    starts, lengths = runs
    touched = np.logical_or.reduceat(kept.ravel(), starts)
    return np.asarray(touched.repeat(lengths).reshape(kept.shape))


def _bounding_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of the mask; of the photo if the mask is nearly empty."""
    rows, columns = (np.flatnonzero(mask.sum(axis, np.uint8) >= 2) for axis in (1, 0))
    if len(rows) < 4 or len(columns) < 4:
        return 0, 0, mask.shape[1], mask.shape[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
