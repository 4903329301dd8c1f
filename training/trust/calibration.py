"""Temperature scaling, and how far probabilities are off.

Of the predictions with a confidence of 90%, 90% should be right. A single number, the temperature,
is fitted on validation photos; all logits are divided by it. The order of the classes stays. Where
it helps, each photo gets its own temperature (`training.trust.distance_temperature`).

Source: Guo et al., 2017, https://arxiv.org/abs/1706.04599.
"""

from typing import Any

import keras
import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from training.metrics.evaluation import LEAST_PROBABILITY
from training.trust.activations import last_layer

BINS = 15
"""Bins of the expected calibration error, as in the paper: of equal width, by confidence."""

_RANGE = (np.log(0.02), np.log(50.0))  # Of the temperature's logarithm.


def fitted_temperature(
    logits: np.ndarray, classes: np.ndarray, weights: np.ndarray | None = None
) -> float:
    """Return the temperature that minimizes the cross-entropy; 1 if no photo is classified wrongly.

    Such photos, which small data sets often have, say nothing about mistakes: the cross-entropy
    falls towards temperature 0, where every new photo gets a confidence of 100%.

    Args:
        logits: `[photos, classes]`, of photos that the network was not fitted to; at least one.
        classes: int64 `[photos]`, the correct ones.
        weights: of the photos, `[photos]`; None: all the same.
    """
    if (logits.argmax(axis=1) == classes).all():
        return 1.0

    def loss(logarithm: float) -> float:
        scaled = log_softmax(logits / np.exp(logarithm), axis=1)
        return -float(np.average(scaled[np.arange(len(classes)), classes], weights=weights))

    found = minimize_scalar(loss, bounds=_RANGE, method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def calibrate(network: keras.Model, temperature: float) -> None:
    """Divide a network's logits by a temperature, in the weights of its last layer."""
    layer = last_layer(network)
    layer.set_weights([np.asarray(weight) / temperature for weight in layer.get_weights()])


def uncalibrated(probabilities: np.ndarray, temperature: float | np.ndarray) -> np.ndarray:
    """Return the probabilities before calibration, `[photos, classes]`.

    Args:
        probabilities: calibrated, `[photos, classes]`.
        temperature: of all photos, or of each, `[photos]`.
    """
    temperatures = np.asarray(temperature)
    if (temperatures == 1).all():
        return probabilities
    logs = np.log(np.maximum(probabilities, np.finfo(np.float32).tiny))
    return np.asarray(softmax(logs * temperatures.reshape(-1, 1), axis=1))


def before_and_after(
    probabilities: np.ndarray, classes: np.ndarray, temperature: float | np.ndarray
) -> dict[str, dict[str, Any]]:
    """Return the `calibration_figures` of photos before and after calibration.

    The arguments are those of `uncalibrated`, and the correct classes, int64 `[photos]`.
    """
    return {
        "before": calibration_figures(uncalibrated(probabilities, temperature), classes),
        "after": calibration_figures(probabilities, classes),
    }


def calibration_figures(probabilities: np.ndarray, classes: np.ndarray) -> dict[str, Any]:
    """Measure how well calibrated probabilities are.

    Args:
        probabilities: `[photos, classes]`, each row summing to 1.
        classes: int64 `[photos]`, the correct ones.

    Returns:
        `ece`, the expected calibration error: the mean distance between confidence (the highest
        probability) and accuracy in a bin, weighted by its photos; `brier`, the mean squared
        distance from the correct answer, summed over the classes (0 to 2); `loss`, the mean
        cross-entropy in nats; `reliability`, for each bin that has photos `from`, `to`, `photos`,
        and their mean `confidence` and `accuracy`.
    """
    rows = np.arange(len(classes))
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == classes
    answers = np.zeros_like(probabilities, dtype=np.float64)
    answers[rows, classes] = 1
    bins = _bins(confidence, right)
    of_right = np.maximum(probabilities[rows, classes], LEAST_PROBABILITY)
    gaps = (each["photos"] * abs(each["confidence"] - each["accuracy"]) for each in bins)
    return {
        "ece": float(sum(gaps) / len(classes)),
        "brier": float(((probabilities - answers) ** 2).sum(axis=1).mean()),
        "loss": float(-np.log(of_right).mean()),
        "reliability": bins,
    }


def _bins(confidence: np.ndarray, right: np.ndarray) -> list[dict[str, Any]]:
    bins = np.clip(np.ceil(confidence * BINS).astype(int) - 1, 0, BINS - 1)
    return [
        {
            "from": each / BINS,
            "to": (each + 1) / BINS,
            "photos": int((bins == each).sum()),
            "confidence": float(confidence[bins == each].mean()),
            "accuracy": float(right[bins == each].mean()),
        }
        for each in np.unique(bins).tolist()
    ]
