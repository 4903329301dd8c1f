"""Where a run began to learn its training photos by heart."""

from collections.abc import Sequence

import numpy as np

FEWEST = 3
"""Epochs from which on it can be told."""

_WINDOW = 3  # Epochs.
_RISE = 0.01  # Of the smallest loss; less than this is noise.


def overfitting_start(losses: Sequence[float | None]) -> int | None:
    """Return the epoch after which the validation loss rises for good.

    That is the epoch where the loss, smoothed by a centred mean over three epochs (two at either
    end), is smallest, if it ends at least one hundredth above that.

    Args:
        losses: validation loss of each epoch, in order; None where it was no number.

    Returns:
        Its place, from 0; None if the loss never rises so, or there are fewer than three epochs.
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
