"""The epoch after which a run overfits."""

from collections.abc import Sequence

import numpy as np

FEWEST = 3
"""Epochs that are needed to detect overfitting."""

_WINDOW = 3  # Epochs.
_RISE = 0.01  # Relative to the lowest loss; less than this is noise.


def overfitting_start(losses: Sequence[float | None]) -> int | None:
    """Return the index of the epoch after which the validation loss rises for good, or None.

    It is the epoch with the lowest loss, smoothed by a centred mean over three epochs (two at the
    ends), if the last loss is at least 1% higher. A loss of None was NaN or infinite.
    """
    values = [loss for loss in losses if loss is not None]
    if len(values) < FEWEST or len(values) < len(losses):
        return None
    smooth = smoothed(values)
    least = int(smooth.argmin())
    return least if smooth[-1] > smooth[least] * (1 + _RISE) else None


def smoothed(values: Sequence[float]) -> np.ndarray:
    """Return the centred mean over three values, two at either end."""
    weights = np.ones(_WINDOW)
    counts = np.convolve(np.ones(len(values)), weights, mode="same")
    return np.asarray(np.convolve(values, weights, mode="same") / counts)
