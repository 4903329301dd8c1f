"""The subject bright on black, fitted and centred: `garment/1`."""

import functools

import numpy as np
from PIL import Image

from serving.photos.registry import preparation


@preparation("garment/1")
def garment(photo: Image.Image, width: int, height: int) -> Image.Image:
    """Show the subject bright on black, its longest edge fitted, centred.

    Fashion-MNIST's garments are bright on black, photos of garments mostly dark on light: where the
    border of the photo is light, it is inverted, and the background's level becomes black.
    """
    pixels = np.asarray(photo)
    background = _median(_border(pixels if pixels.ndim == 2 else np.asarray(photo.convert("L"))))
    photo = Image.fromarray(_subject_levels(background)[pixels])
    scale = min(width / photo.width, height / photo.height)
    fitted = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    canvas = Image.new(photo.mode, (width, height))
    corner = (width - fitted[0]) // 2, (height - fitted[1]) // 2
    canvas.paste(photo.resize(fitted, Image.Resampling.BILINEAR), corner)
    return canvas


def _border(gray: np.ndarray) -> np.ndarray:
    """Return the outermost pixels of a gray image `[height, width]`, as one row."""
    edge = max(1, min(gray.shape) // 50)
    sides = gray[:edge], gray[-edge:], gray[:, :edge], gray[:, -edge:]
    return np.concatenate([side.ravel() for side in sides])


def _median(levels: np.ndarray) -> float:
    """Return the median of uint8 levels; NumPy's own takes as long as the decoding."""
    levels.sort()
    return (int(levels[(len(levels) - 1) // 2]) + int(levels[len(levels) // 2])) / 2


@functools.cache  # A background has one of 511 values.
def _subject_levels(background: float) -> np.ndarray:
    """Return the new level of each level, uint8 `[256]`: the background's becomes black."""
    inverted = background > 127
    if inverted:
        background = 255 - background
    levels = np.clip((np.arange(256) - background) * (255 / (255 - background)), 0, 255)
    levels = levels.round().astype(np.uint8)
    return np.asarray(levels[::-1] if inverted else levels)
