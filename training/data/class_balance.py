"""Classes with very different numbers of photos: saying so, and weighing them equally."""

from collections.abc import Mapping

import numpy as np

from training.data.datasets import DataSet
from training.data.epoch_photos import photos_of_epoch
from training.recipe import Recipe

_UNBALANCED = 2.0  # Times the photos of the smallest class.


def class_counts(data: DataSet) -> dict[str, int]:
    """Return the number of training photos of each label."""
    counts = np.bincount(data.training.classes, minlength=len(data.labels))
    return dict(zip(data.labels, counts.tolist(), strict=True))


def class_weights(recipe: Recipe, data: DataSet) -> np.ndarray | None:
    """Return the weights of photos in the loss; None: all count equally.

    The weight is photos / (classes × photos of the class), so that its mean over the photos is 1:
    King & Zeng (2001), *Logistic Regression in Rare Events Data*, as scikit-learn's `balanced`. Own
    photos count as often as they are in an epoch.

    Returns:
        float32 `[classes + 1]`, by class; the last one, of photos of none of the classes, is 1.
    """
    if recipe.class_weights == "none":
        return None
    classes = len(data.labels)
    counts = np.bincount(photos_of_epoch(data, recipe, 0).classes, minlength=classes)[:classes]
    weights = counts.sum() / classes / np.maximum(counts, 1)
    return np.append(weights, 1).astype(np.float32)


def imbalance(counts: Mapping[str, int]) -> str:
    """Describe the difference if the largest class has more than twice the smallest one's photos.

    Returns:
        Such as "1,200 photos of 'daisy' to 40 of 'rose'"; otherwise empty.
    """
    largest, smallest = max(counts, key=counts.__getitem__), min(counts, key=counts.__getitem__)
    if counts[largest] <= _UNBALANCED * counts[smallest]:
        return ""
    return f"{counts[largest]:,} photos of {largest!r} to {counts[smallest]:,} of {smallest!r}"
