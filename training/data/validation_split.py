"""Validation photos for data sets that are published without."""

import numpy as np

from training.data.datasets import Split

_SEED = 20_170_825  # Any number: it decides which photos are held out.


def split_off_validation(
    photos: np.ndarray, classes: np.ndarray, fraction: float
) -> tuple[Split, Split]:
    """Split training photos into those to fit and those to watch, always the same ones.

    Args:
        photos: uint8 `[photos, height, width, channels]`.
        classes: int64 `[photos]`.
        fraction: to watch.

    Returns:
        Training and validation, each in the published order.
    """
    order = np.random.default_rng(_SEED).permutation(len(photos))
    held = int(len(photos) * fraction)
    watched, fitted = np.sort(order[:held]), np.sort(order[held:])
    return Split(photos[fitted], classes[fitted]), Split(photos[watched], classes[watched])
