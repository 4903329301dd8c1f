"""What preparations do, in plain arithmetic of floating point: no code of theirs, no Pillow.

`squash/1` and `garment/1` are simple enough for it. Others are held by their stored pixels alone.
"""

from collections.abc import Callable

import numpy as np

from serving.photos import Shape


def gray(pixels: np.ndarray) -> np.ndarray:
    """Return the luma of ITU-R BT.601 of `[height, width, 3]`."""
    return np.asarray(np.round(pixels @ np.array([0.299, 0.587, 0.114])))


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize `[height, width, channels]` with a triangle as wide as two of the larger pixels."""
    return np.asarray(
        np.einsum(
            "ay,bx,yxc->abc",
            _weights(len(pixels), height),
            _weights(pixels.shape[1], width),
            pixels,
        )
    )


def _weights(before: int, after: int) -> np.ndarray:
    """Return how much of each pixel goes into each new one: `[after, before]`, rows sum to 1."""
    scale = before / after
    centres = (np.arange(after)[:, None] + 0.5) * scale
    distances = np.abs(np.arange(before)[None] + 0.5 - centres) / max(scale, 1.0)
    weights = np.maximum(0.0, 1.0 - distances)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def squash(pixels: np.ndarray, shape: Shape) -> np.ndarray:
    """Do `squash/1`: float `[height, width, channels]` from uint8 `[height, width, 3]`."""
    height, width, channels = shape
    levels = gray(pixels)[..., None] if channels == 1 else pixels.astype(float)
    return resized(levels, height, width)


def garment(pixels: np.ndarray, shape: Shape) -> np.ndarray:
    """Do `garment/1`, for pictures whose border has one level, which is light."""
    height, width, channels = shape
    background = 255 - gray(pixels)[0, 0]
    levels = gray(pixels)[..., None] if channels == 1 else pixels.astype(float)
    levels = (255 - levels - background) * 255 / (255 - background)
    scale = min(width / levels.shape[1], height / levels.shape[0])
    inner = round(levels.shape[0] * scale), round(levels.shape[1] * scale)
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    canvas = np.zeros(shape)
    canvas[top : top + inner[0], left : left + inner[1]] = resized(np.clip(levels, 0, 255), *inner)
    return canvas


REFERENCES: dict[str, Callable[[np.ndarray, Shape], np.ndarray]] = {
    "squash/1": squash,
    "garment/1": garment,
}
