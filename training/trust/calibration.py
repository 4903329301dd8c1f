"""Probabilities that mean what they say: temperature scaling, and how far off they are.

A network that says 90% should be right in 90% of such cases. One number, the temperature that all
logits are divided by, is fitted on validation photos. It changes no order of classes.

Source: Guo et al., 2017, https://arxiv.org/abs/1706.04599.
"""

from typing import Any

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from training.trust.activations import last_layer

BINS = 15
"""Of the expected calibration error, as the paper has them: of equal width, by confidence."""

_RANGE = (np.log(0.02), np.log(50.0))  # Of the temperature's logarithm.
_LEAST_PROBABILITY = 1e-7  # As in the loss of `training.metrics.evaluation`.


def fitted_temperature(logits: np.ndarray, classes: np.ndarray) -> float:
    """Return the temperature under which the right classes are most probable.

    Args:
        logits: `[photos, classes]`, of photos that the network was not fitted to; at least one.
        classes: int64 `[photos]`, the right ones.
    """

    def loss(logarithm: float) -> float:
        said = log_softmax(logits / np.exp(logarithm), axis=1)
        return float(-said[np.arange(len(classes)), classes].mean())

    found = minimize_scalar(loss, bounds=_RANGE, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def calibrate(network: keras.Model, temperature: float) -> None:
    """Divide a network's logits by a temperature, in its last layer: nothing is computed anew.

    Args:
        network: of `training.networks.network_to_serve`; changed.
        temperature: above 0.
    """
    layer = last_layer(network)
    layer.set_weights([np.asarray(weight) / temperature for weight in layer.get_weights()])


def calibration_figures(probabilities: np.ndarray, classes: np.ndarray) -> dict[str, Any]:
    """Measure how far probabilities are from what they promise.

    Args:
        probabilities: `[photos, classes]`, each row summing to 1.
        classes: int64 `[photos]`, the right ones.

    Returns:
        `ece`, the expected calibration error: the mean distance of confidence (of the most
        probable class) and accuracy in a bin, weighted by its photos; `brier`, the mean of the
        squared distance from the right answer, summed over the classes (0 to 2); `loss`, the mean
        cross-entropy in nats; `reliability`, for each bin that has photos `from`, `to`, `photos`,
        and their mean `confidence` and `accuracy`.
    """
    places = np.arange(len(classes))
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == classes
    answers = np.zeros_like(probabilities, dtype=np.float64)
    answers[places, classes] = 1
    bins = _bins(confidence, right)
    said = np.maximum(probabilities[places, classes], _LEAST_PROBABILITY)
    gaps = (each["photos"] * abs(each["confidence"] - each["accuracy"]) for each in bins)
    return {
        "ece": float(sum(gaps) / len(classes)),
        "brier": float(((probabilities - answers) ** 2).sum(axis=1).mean()),
        "loss": float(-np.log(said).mean()),
        "reliability": bins,
    }


def _bins(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, Any]]:
    places = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return [
        {
            "from": place / BINS,
            "to": (place + 1) / BINS,
            "photos": int((places == place).sum()),
            "confidence": float(confidence[places == place].mean()),
            "accuracy": float(right[places == place].mean()),
        }
        for place in np.unique(places).tolist()
    ]
