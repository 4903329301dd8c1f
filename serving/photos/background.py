"""What is behind the subject of a photo: a smooth surface through the colours of its border."""

import functools
from dataclasses import dataclass

import numpy as np

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's gray.
_EVEN = 4.0
"""Spread of the border, in levels, up to which a background is even."""
_SAME = 2.0
"""Where most of the border differs by no more levels, the background has one colour."""
_CURVED = np.diag([0, 1, 1, 1, 1, 1]).astype(np.float32)  # All terms but the constant.


@dataclass(frozen=True)
class Background:
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
        """Whether the border shows next to nothing but the background."""
        return self.spread < _EVEN


def background(colours: np.ndarray) -> Background:
    """Lay a smooth surface through the border's colours, but for what reaches into the border.

    Args:
        colours: uint8 `[height, width, 3]`.
    """
    height, width, _ = colours.shape
    places, terms, everywhere = _border(height, width)
    border = colours.reshape(-1, 3)[places].astype(np.float32)
    middle = _medians(border)
    away = _largest(np.abs(border - middle))
    if np.count_nonzero(away <= _SAME) >= 0.7 * len(away):
        return Background(middle[:, None, None], float(middle @ _LUMA), 0.0)
    near, fitted = away <= _near(away), np.zeros(0, bool)
    for _ in range(4):
        if np.array_equal(near, fitted):
            break  # The same pixels give the same surface.
        fitted, chosen = near, terms[near]
        # A little ridge, so that a border that is half hidden does not send the surface astray.
        normal = chosen.T @ chosen + 5e-5 * len(chosen) * _CURVED
        factors = np.linalg.solve(normal, chosen.T @ border[near])
        away = _largest(np.abs(border - terms @ factors))
        near = away <= _near(away)
    planes = _clipped(factors.T @ everywhere)
    return Background(planes.reshape(3, height, width), _median(_LUMA @ planes), _median(away))


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


def _near(away: np.ndarray) -> float:
    """Return how far from the background a pixel of the border may be that belongs to it."""
    return max(10.0, 2.5 * _median(away))


def _largest(colours: np.ndarray) -> np.ndarray:
    """Return the largest value of each row of three; NumPy's own takes several times as long."""
    return np.asarray(np.maximum(np.maximum(colours[:, 0], colours[:, 1]), colours[:, 2]))


def _clipped(levels: np.ndarray) -> np.ndarray:
    """Cut levels to those of a photo, in place."""
    np.maximum(levels, 0, out=levels)
    return np.asarray(np.minimum(levels, 255, out=levels))


def _medians(border: np.ndarray) -> np.ndarray:
    """Return the median of each column; NumPy's own takes several times as long."""
    ordered, middle = np.sort(border, axis=0), len(border) // 2
    return np.asarray((ordered[(len(border) - 1) // 2] + ordered[middle]) / 2)


def _median(values: np.ndarray) -> float:
    """Return the upper median; NumPy's own takes several times as long."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])
