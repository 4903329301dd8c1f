"""The background of a photo: a smooth surface through the colours of its border."""

import functools
from dataclasses import dataclass

import numpy as np

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as Pillow's gray.
_UNIFORM = 4.0  # Spread of the border, in levels, up to which a background is uniform.
_SAME = 2.0  # If most of the border differs by at most this many levels, it has one colour.
_CURVED = np.diag([0, 1, 1, 1, 1, 1]).astype(np.float32)  # All terms but the constant.


@dataclass(frozen=True)
class Background:
    """The background of a photo.

    Attributes:
        planes: its colours, float32 `[3, height, width]` or `[3, 1, 1]`.
        level: its median gray level, rounded.
        spread: the median distance of the border's pixels from it, in levels.
    """

    planes: np.ndarray
    level: int
    spread: float

    @property
    def uniform(self) -> bool:
        """Whether the border shows almost nothing but the background."""
        return self.spread < _UNIFORM


def fit_background(colours: np.ndarray) -> Background:
    """Fit a smooth surface to the colours of the border, without what reaches into the border.

    Args:
        colours: uint8 `[height, width, 3]`.
    """
    height, width, _ = colours.shape
    indices, terms, all_terms = _border(height, width)
    border = colours.reshape(-1, 3).take(indices, axis=0).astype(np.float32)
    middle = _medians(border)
    distances = _row_maxima(np.abs(border - middle))
    if np.count_nonzero(distances <= _SAME) >= 0.7 * len(distances):
        return Background(middle[:, None, None], round(float(middle @ _LUMA)), 0.0)
    near, fitted = distances <= _max_distance(distances), np.zeros(0, bool)
    for _ in range(4):
        if np.array_equal(near, fitted):
            break  # The same pixels give the same surface.
        fitted, chosen = near, terms[near]
        # A little ridge regularization, for borders that are half hidden.
        normal = chosen.T @ chosen + 5e-5 * len(chosen) * _CURVED
        factors = np.linalg.solve(normal, chosen.T @ border[near])
        distances = _row_maxima(np.abs(border - terms @ factors))
        near = distances <= _max_distance(distances)
    planes = factors.T @ all_terms
    np.minimum(np.maximum(planes, 0, out=planes), 255, out=planes)
    # Rounded first: the median of bytes is found several times faster.
    level = int(_median(np.rint(_LUMA @ planes).astype(np.uint8)))
    return Background(planes.reshape(3, height, width), level, _median(distances))


@functools.lru_cache(maxsize=16)  # Photos come in a few shapes.
def _border(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sample the border; return pixel indices, their terms of a quadratic surface, and all terms.

    Returns:
        int64 `[pixels]`, float32 `[pixels, 6]` and float32 `[6, height * width]`.
    """
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j].astype(np.float32)
    terms = np.stack([np.ones_like(rows), columns, rows, columns * rows, columns**2, rows**2])
    edge = max(1, max(height, width) // 37)
    chosen = np.zeros((height, width), bool)
    wide, high = slice(None, None, 1 + width // 56), slice(None, None, 1 + height // 56)
    chosen[:edge, wide] = chosen[-edge:, wide] = True
    chosen[high, :edge] = chosen[high, -edge:] = True
    all_terms = terms.reshape(6, -1)
    indices = np.flatnonzero(chosen)
    return indices, np.ascontiguousarray(all_terms[:, indices].T), all_terms


def _max_distance(distances: np.ndarray) -> float:
    """Return how far from the background its own pixels in the border may be."""
    return max(10.0, 2.5 * _median(distances))


def _row_maxima(colours: np.ndarray) -> np.ndarray:
    """Return the maximum of each row of three; NumPy's own takes several times as long."""
    return np.asarray(np.maximum(np.maximum(colours[:, 0], colours[:, 1]), colours[:, 2]))


def _medians(border: np.ndarray) -> np.ndarray:
    """Return the median of each column; NumPy's own takes several times as long."""
    ordered, middle = np.sort(border, axis=0), len(border) // 2
    return np.asarray((ordered[(len(border) - 1) // 2] + ordered[middle]) / 2)


def _median(values: np.ndarray) -> float:
    """Return the upper median; NumPy's own takes several times as long."""
    return float(np.partition(values, len(values) // 2)[len(values) // 2])
