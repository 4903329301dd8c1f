"""A score that has learnt from photos of none of the classes, where a data set has some.

Logistic regression between the classes' photos and the others rejects what resembles the others,
but says little of what resembles neither; a distance rejects that. So the score is the distance,
less what the regression says against a photo: both are scaled by their spread on known photos, and
only what lies more than one standard deviation below the mean of known photos counts.

Source: Lee et al., 2018, https://arxiv.org/abs/1807.03888, combine scores by a regression fitted to
known and unknown photos; Hendrycks et al., 2019, https://arxiv.org/abs/1812.04606, on such photos.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops
from scipy.optimize import minimize

from training.settings import Tensor
from training.trust.activations import ActivationTensors

_REGULARISATION = 1.0  # On inputs with variance 1 on average; each side weighs 1 in total.
_ITERATIONS = 200
_LEAST = 1e-12


@dataclass(frozen=True)
class TrainedRejection:
    """A distance, less what logistic regression says against a photo.

    Attributes:
        distance: the score of a photo that is higher for known ones.
        weights: float32 `[features]`, of the first outputs in `layers`, on the distance's scale.
        bias: float32 `[]`.
    """

    distance: Callable[[ActivationTensors], Tensor]
    weights: keras.Variable
    bias: keras.Variable

    def __call__(self, tensors: ActivationTensors) -> Tensor:
        """Return the score of each photo, float32 `[batch]`."""
        inputs = tensors["layers"][:, : self.weights.shape[0]]
        logits = ops.sum(inputs * self.weights, axis=-1) + self.bias
        return self.distance(tensors) + ops.minimum(logits, 0.0)


def fit_regression(
    known: Sequence[np.ndarray], others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit logistic regression between known photos and others; return weights and bias, float64.

    Args:
        known: `[photos, features]` of each source of known photos, which all count equally.
        others: likewise, of photos of none of the classes; they count as much as all known ones.
    """
    inputs = np.concatenate([*known, others]).astype(np.float64)
    centre, scale = inputs.mean(axis=0), max(float(inputs.std(axis=0).mean()), _LEAST)
    inputs = (inputs - centre) / scale
    counts = [*(len(part) * len(known) for part in known), len(others)]
    shares = np.repeat(1 / np.array(counts), list(map(len, (*known, others))))
    signs = np.where(np.arange(len(inputs)) < len(inputs) - len(others), 1.0, -1.0)

    def loss(fitted: np.ndarray) -> tuple[float, np.ndarray]:
        weights, bias = fitted[:-1], fitted[-1]
        margins = signs * (inputs @ weights + bias)
        slopes = -signs * shares * np.exp(-np.logaddexp(0, margins))
        value = shares @ np.logaddexp(0, -margins) + _penalty(len(inputs)) * weights @ weights
        gradient = inputs.T @ slopes + 2 * _penalty(len(inputs)) * weights
        return float(value), np.append(gradient, slopes.sum())

    start = np.zeros(inputs.shape[1] + 1)
    options = {"maxiter": _ITERATIONS}
    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x
    weights = fitted[:-1] / scale
    return weights, fitted[-1] - weights @ centre


def scaled_to(
    distances: np.ndarray, logits: np.ndarray, weights: np.ndarray, bias: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and bias whose logits have the distances' spread, and that as their mean.

    Args:
        distances: `[photos]`, of known photos that neither was fitted to.
        logits: likewise.
        weights: of the logits.
        bias: likewise.
    """
    spread = float(logits.std())
    factor = distances.std() / max(spread, _LEAST)
    return weights * factor, (bias - logits.mean() + spread) * factor


def _penalty(photos: int) -> float:
    return _REGULARISATION / photos
