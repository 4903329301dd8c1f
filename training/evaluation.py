"""How good a trained network is on photos that it was not fitted to."""

from typing import Any

import keras
import numpy as np

from training.datasets import Split

_BATCH = 256
_LEAST_PROBABILITY = 1e-7  # A probability of 0 for the right class would make the loss infinite.


def probabilities(network: keras.Model, photos: np.ndarray) -> np.ndarray:
    """Return what a network says about photos.

    Args:
        network: from `training.networks`.
        photos: uint8 `[photos, height, width, channels]`.

    Returns:
        float32 `[photos, classes]`.
    """
    starts = range(0, len(photos), _BATCH)
    batches = [np.asarray(photos[start : start + _BATCH]) for start in starts]
    return np.concatenate([network.predict_on_batch(batch) for batch in batches])


def evaluate(network: keras.Model, split: Split, labels: tuple[str, ...]) -> dict[str, Any]:
    """Judge a network on a split.

    Returns:
        `accuracy`; `loss` (mean cross-entropy in nats); `classes`: for each label its `photos`,
        `recall` and `precision` (None where there is nothing to count).
    """
    answers = probabilities(network, split.photos)
    right = answers[np.arange(len(split)), split.classes]
    chosen = answers.argmax(axis=1)
    hits = chosen == split.classes
    return {
        "photos": len(split),
        "accuracy": float(hits.mean()),
        "loss": float(-np.log(np.maximum(right, _LEAST_PROBABILITY)).mean()),
        "classes": {
            label: {
                "photos": int((split.classes == index).sum()),
                "recall": _share(hits, split.classes == index),
                "precision": _share(hits, chosen == index),
            }
            for index, label in enumerate(labels)
        },
    }


def _share(hits: np.ndarray, among: np.ndarray) -> float | None:
    return float(hits[among].mean()) if among.any() else None
