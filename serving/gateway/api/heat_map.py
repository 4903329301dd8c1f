"""A heat map drawn over its photo, as a PNG image for people."""

import io

import numpy as np
from PIL import Image

MIN_SIDE = 448
"""Minimum pixels of the image's longer side; a larger photo keeps its size."""

_PHOTO_SHARE = 0.45

# RGB from cold to hot, each lighter than the one before in even steps, so that the image also reads
# in gray and with colour blindness.
_COLOURS = (
    (8, 8, 32),
    (70, 20, 110),
    (165, 40, 105),
    (232, 100, 55),
    (250, 185, 60),
    (255, 250, 190),
)


def overlay(pixels: np.ndarray, heat: np.ndarray) -> bytes:
    """Draw a heat map over a photo.

    Args:
        pixels: uint8 `[height, width, channels]`, gray or RGB, as the model sees them.
        heat: float32 `[rows, columns]`, from 0 to 1.

    Returns:
        A PNG file: the photo in gray, brighter and coloured where the map is hot.
    """
    height, width, _ = pixels.shape
    scale = max(1, -(-MIN_SIDE // max(height, width)))
    size = width * scale, height * scale
    photo = Image.fromarray(pixels.squeeze(-1) if pixels.shape[2] == 1 else pixels).convert("L")
    photo = photo.resize(size, Image.Resampling.BICUBIC).convert("RGB")
    levels = Image.fromarray((heat * 255).round().astype(np.uint8))
    colours = Image.fromarray(_colours()[np.asarray(levels.resize(size, Image.Resampling.BICUBIC))])
    file = io.BytesIO()
    Image.blend(colours, photo, _PHOTO_SHARE).save(file, "PNG")
    return file.getvalue()


def _colours() -> np.ndarray:
    """Return the colour of each level of heat, uint8 `[256, 3]`."""
    stops = np.linspace(0, 255, len(_COLOURS))
    parts = [np.interp(np.arange(256), stops, part) for part in zip(*_COLOURS, strict=True)]
    return np.stack(parts, axis=-1).round().astype(np.uint8)
