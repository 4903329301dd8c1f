"""A temperature for each photo, which rises with its distance from the training photos.

One temperature, fitted to photos like those of the data set, leaves a network too sure of others.
Here the logits of a photo are divided further by `exp(slope * (distance - centre))`, where the
distance is that of the recognition score `distance`. The order of the classes stays. There are two
parameters, and the slope is drawn to 0, so that a few photos are enough not to do harm; it is only
used if it lowers the loss of photos that it was not fitted to.

Source: Tomani et al., 2023, https://arxiv.org/abs/2302.05118, with one distance in place of one for
each layer, and an exponential in place of a linear function, which stays positive.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.optimize import minimize
from scipy.special import log_softmax

from training.networks.backbone import without_xla
from training.settings import Tensor
from training.trust.activations import Activations, ActivationTensors, last_layer
from training.trust.ood_scores import Score

BY_DISTANCE = "distance"
"""The value of a recipe's `calibration` that tries it, and of `method` in a card that has it."""

_FOLDS = 5
_SEED = 0  # Of the photos in each fold.
_SPREAD = 0.5  # Standard deviation expected of the slope, per standard deviation of the distances.
_MOST = 4.0  # Bound of the slope, in the same unit, and of the logarithm at the centre.


@dataclass(frozen=True)
class Slope:
    """How the logarithm of the temperature rises with the distance.

    Attributes:
        slope: at least 0.
        centre: the distance of photos whose logits stay as they are.
        nearest: smaller distances count as this one.
        farthest: larger ones as this one; both are of photos that the slope was fitted to.
    """

    slope: float
    centre: float
    nearest: float
    farthest: float

    def temperatures(self, distances: np.ndarray) -> np.ndarray:
        """Return by what the logits of each photo are divided further, float64 `[photos]`."""
        within = np.clip(distances.astype(np.float64), self.nearest, self.farthest)
        return np.asarray(np.exp(self.slope * (within - self.centre)))


@dataclass(frozen=True)
class FittedSlope:
    """A slope, and how it does in cross-validation.

    Attributes:
        slope: fitted to all photos; None if it does not lower the loss in cross-validation.
        loss_before: mean cross-entropy in nats of the photos of each fold, with one temperature for
            all photos, fitted to the other folds.
        loss: the same with a temperature for each photo.
    """

    slope: Slope | None
    loss_before: float
    loss: float

    def record(self) -> dict[str, Any]:
        """Return it for the card."""
        return asdict(self)


class DistanceTemperature:
    """Computes probabilities with a temperature for each photo, in a graph of any backend.

    Args:
        network: calibrated with one temperature, which is part of its last layer.
        score: its recognition score `distance`.
        slope: how the temperature rises.
    """

    def __init__(self, network: keras.Model, score: Score, slope: Slope) -> None:
        self.score, self.slope = score, slope
        self._last = last_layer(network)

    def __call__(self, tensors: ActivationTensors) -> Tensor:
        """Return the probabilities, float32 `[batch, classes]`."""
        slope = self.slope
        within = ops.clip(-self.score(tensors), slope.nearest, slope.farthest)
        logits = ops.matmul(tensors["last"], self._last.kernel)
        if self._last.use_bias:
            logits = logits + self._last.bias
        if self._last.units == 1:  # A sigmoid is the softmax of 0 and its logit.
            logits = ops.concatenate([ops.zeros_like(logits), logits], axis=-1)
        return ops.softmax(logits * ops.exp(slope.slope * (slope.centre - within))[:, None])

    def model(self, activations: keras.Model) -> keras.Model:
        """Return an `activation_model` whose probabilities are those of this temperature."""
        tensors = dict(activations(activations.input))
        tensors["probabilities"] = _Calibrated(self)(tensors)
        return without_xla(keras.Model(activations.input, tensors, name="activations"))

    def applied(self, activations: Activations) -> Activations:
        """Return activations whose probabilities are those of this temperature."""
        found = np.asarray(ops.convert_to_numpy(self(activations.tensors)))
        return replace(activations, probabilities=found)

    def temperatures(self, activations: Activations) -> np.ndarray:
        """Return by what the logits of each photo are divided further, float64 `[photos]`."""
        scores = np.asarray(ops.convert_to_numpy(self.score(activations.tensors)))
        return self.slope.temperatures(-scores)


class _Calibrated(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types.
    """Keeps the score's numbers variables: computed in a model without a layer, they are constants.

    A published graph would have them twice.
    """

    def __init__(self, temperature: DistanceTemperature) -> None:
        super().__init__(name="calibrated", trainable=False)
        self._temperature = temperature

    def call(self, tensors: ActivationTensors) -> Tensor:
        """Return the probabilities."""
        return self._temperature(tensors)


def fitted_slope(
    logits: np.ndarray,
    classes: np.ndarray,
    distances: np.ndarray,
    weights: np.ndarray,
    own: int = 0,
) -> FittedSlope:
    """Fit a slope that minimizes the cross-entropy, and judge it by cross-validation.

    It is of use if it lowers the loss of the photos of each fold, fitted to those of the others, by
    more than the standard error of the difference. With own photos, whose distances it is for, it
    is of use unless it raises the loss of these, or of the data set's, by over two such errors.

    Args:
        logits: float `[photos, classes]`, divided by one temperature.
        classes: int64 `[photos]`, the correct ones.
        distances: `[photos]`, positive: the negative score.
        weights: of the photos, `[photos]`, positive.
        own: how many of them, at the end, are own photos.
    """
    weights = weights / weights.sum()
    near, far = float(distances.min()), float(distances.max())
    middle, spread = float(np.median(distances)), float(distances.std())
    if (logits.argmax(axis=1) == classes).all() or spread == 0:
        loss = float(weights @ _losses(logits, classes, np.ones(len(classes))))
        return FittedSlope(None, loss, loss)
    levels = (distances.astype(np.float64) - middle) / spread
    before, after = np.empty(len(classes)), np.empty(len(classes))
    for inside, outside in _folds(len(classes)):
        for losses, rises in ((before, False), (after, True)):
            known = (each[inside] for each in (logits, classes, levels, weights))
            level, slope = _minimized(*known, rises=rises)
            temperatures = np.exp(level + slope * _within(levels[outside], levels[inside]))
            losses[outside] = _losses(logits[outside], classes[outside], temperatures)
    gains = before - after
    level, slope = _minimized(logits, classes, levels, weights, rises=True)
    found = None
    if slope > 0 and _is_of_use(gains, own):
        rise = slope / spread
        found = Slope(rise, middle - level / rise, near, far)
    return FittedSlope(found, float(weights @ before), float(weights @ after))


def _is_of_use(gains: np.ndarray, own: int) -> bool:
    """Whether the loss of photos that a slope was not fitted to falls; see `fitted_slope`."""
    parts = np.split(gains, [len(gains) - own]) if own else [gains]
    errors = [part.std() / np.sqrt(len(part)) for part in parts]
    least = [-2 * error for error in errors] if own else errors
    return all(part.mean() > each for part, each in zip(parts, least, strict=True))


def recorded_slope(calibration: Mapping[str, Any]) -> Slope | None:
    """Return the slope that a card's `calibration` has; None if it has one temperature only."""
    slope = (calibration.get("distance") or {}).get("slope")
    return Slope(**slope) if slope else None


def _minimized(
    logits: np.ndarray, classes: np.ndarray, levels: np.ndarray, weights: np.ndarray, *, rises: bool
) -> tuple[float, float]:
    """Return level and slope of the temperature's logarithm that minimize the cross-entropy."""
    rows = np.arange(len(classes))
    weights = weights / weights.sum()
    strength = 1 / (2 * len(classes) * _SPREAD**2)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        level, slope = parameters
        scaled = logits / np.exp(level + slope * levels)[:, None]
        logs = log_softmax(scaled, axis=1)
        # The derivative of each photo's loss by the logarithm of its temperature.
        slopes = weights * (scaled[rows, classes] - (np.exp(logs) * scaled).sum(axis=1))
        value = -weights @ logs[rows, classes] + strength * slope**2
        return value, np.array([slopes.sum(), slopes @ levels + 2 * strength * slope])

    bounds = [(-_MOST, _MOST), (0.0, _MOST if rises else 0.0)]
    found = minimize(loss, np.zeros(2), jac=True, method="L-BFGS-B", bounds=bounds)
    level, slope = found.x.tolist()
    return level, slope


def _losses(logits: np.ndarray, classes: np.ndarray, temperatures: np.ndarray) -> np.ndarray:
    scaled = log_softmax(logits / temperatures[:, None], axis=1)
    return np.asarray(-scaled[np.arange(len(classes)), classes])


def _folds(photos: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield for each fold a mask of the photos to fit to, and one of those to judge by."""
    fold = np.random.default_rng(_SEED).permutation(photos) % _FOLDS
    for number in range(min(_FOLDS, photos)):
        yield fold != number, fold == number


def _within(levels: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(levels, known.min(), known.max()))
