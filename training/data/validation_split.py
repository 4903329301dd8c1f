"""Validation photos for data sets that are published without a validation split."""

import numpy as np

from training.data.datasets import Split

_SEED = 20_170_825  # Decides which photos are held out.


def split_off_validation(
    photos: np.ndarray, classes: np.ndarray, fraction: float
) -> tuple[Split, Split]:
    """Split photos into training and validation, always the same ones, in the published order."""
    order = np.random.default_rng(_SEED).permutation(len(photos))
    count = int(len(photos) * fraction)
    held_out, rest = np.sort(order[:count]), np.sort(order[count:])
    return Split(photos[rest], classes[rest]), Split(photos[held_out], classes[held_out])
