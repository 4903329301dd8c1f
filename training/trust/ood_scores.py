"""Out-of-distribution scores: higher for photos like those that a network was trained on.

Each is computed from the network's activations (`training.trust.activations`) with Keras's
operations, so that the same code evaluates a score and becomes part of the published graph.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from training.settings import Tensor
from training.trust.activations import (
    Activations,
    ActivationTensors,
    backbone_features,
    logit_weights,
)
from training.trust.feature_scores import FeatureDistance, feature_distance
from training.trust.trained_rejection import TrainedRejection, fit_regression, scaled_to

MAX_FEATURES = 192
"""Features that a distance is measured in: a model stores two bytes for each pair of them."""

TRAINED_REJECTION = "trained-rejection"
"""The name of the score that replaces a distance where there are photos of none of the classes."""

DISTANCES = ("distance", "feature-distance")

_SEED = 0  # Of the choice of features where there are more.
_SHRINKAGE = 1e-3  # Of a covariance towards the same variance in all directions.
_LEAST_VARIANCE = 1e-5  # On average; so that half precision holds its inverse.


Score = Callable[[ActivationTensors], Tensor]
"""A score: from the activations of a batch to the score of each photo, float32 `[batch]`."""


def _probability(tensors: ActivationTensors) -> Tensor:
    """Return the probability of the most probable class.

    Source: Hendrycks and Gimpel, 2017, https://arxiv.org/abs/1610.02136.
    """
    return ops.max(tensors["probabilities"], axis=-1)


@dataclass(frozen=True)
class _Energy:
    """The logarithm of the sum of the exponentiated logits.

    Source: Liu et al., 2020, https://arxiv.org/abs/2010.03759.
    """

    kernel: keras.Variable
    bias: keras.Variable

    def __call__(self, tensors: ActivationTensors) -> Tensor:
        return ops.logsumexp(ops.matmul(tensors["last"], self.kernel) + self.bias, axis=-1)


@dataclass(frozen=True)
class _VirtualLogit:
    """Energy minus a virtual logit: the part of the last layer's input outside its main directions.

    Source: Wang et al., 2022, https://arxiv.org/abs/2203.10807.
    """

    kernel: keras.Variable
    bias: keras.Variable
    origin: keras.Variable
    residual: keras.Variable

    def __call__(self, tensors: ActivationTensors) -> Tensor:
        residual = ops.matmul(tensors["last"] - self.origin, self.residual)
        energy = _Energy(self.kernel, self.bias)(tensors)
        return energy - ops.sqrt(_squared_lengths(residual))


def _virtual_logit(network: keras.Model, training: Activations) -> _VirtualLogit:
    kernel, bias = logit_weights(network)
    origin = -np.linalg.pinv(kernel.T) @ bias
    inputs = training.last.astype(np.float64) - origin
    directions = np.linalg.eigh(inputs.T @ inputs)[1]  # By rising spread.
    residual = directions[:, : directions.shape[1] // 2]
    lengths = np.linalg.norm(inputs @ residual, axis=1).mean()
    strongest = (training.last @ kernel + bias).max(axis=1).mean()
    scale = strongest / max(lengths, np.finfo(np.float32).tiny)
    return _VirtualLogit(*map(_stored, (kernel, bias, origin, residual * scale)))


@dataclass(frozen=True)
class _Mahalanobis:
    """The negative Mahalanobis distance to the nearest class, with one covariance for all classes.

    It is measured in the outputs of all rectified layers, each scaled to length 1, as one vector.
    Of too many features a random choice is used.

    Sources: Lee et al., 2018, https://arxiv.org/abs/1807.03888; length: Mueller and Hein, 2025,
    https://arxiv.org/abs/2505.18032; choice: Defard et al., 2020, https://arxiv.org/abs/2011.08785.
    """

    chosen: np.ndarray
    whitening: keras.Variable
    centre: keras.Variable
    means: keras.Variable

    def __call__(self, tensors: ActivationTensors) -> Tensor:
        chosen = ops.take(tensors["layers"], self.chosen, axis=-1) - self.centre
        whitened = ops.matmul(chosen, ops.cast(self.whitening, "float32"))
        products = ops.matmul(whitened, ops.transpose(self.means))
        squares = _squared_lengths(whitened)[:, None] - 2 * products + _squared_lengths(self.means)
        return -ops.sqrt(ops.maximum(ops.min(squares, axis=-1), 0.0))


def _mahalanobis(training: Activations, classes: np.ndarray) -> _Mahalanobis:
    count = training.layers.shape[1]
    random = np.random.default_rng(_SEED)
    chosen = np.sort(random.choice(count, min(count, MAX_FEATURES), replace=False))
    features = training.layers[:, chosen].astype(np.float64)
    means = np.stack([features[classes == each].mean(axis=0) for each in np.unique(classes)])
    within = features - means[np.unique(classes, return_inverse=True)[1]]
    # Stored in half precision; the means are whitened with the rounded matrix.
    whitening = _whitening(within.T @ within / len(within)).astype(np.float16)
    centre = means.mean(axis=0)
    whitened = (means - centre) @ whitening.astype(np.float64)
    return _Mahalanobis(chosen, _stored(whitening, np.float16), _stored(centre), _stored(whitened))


def all_scores(
    network: keras.Model, training: Activations, classes: np.ndarray
) -> Mapping[str, Score]:
    """Make every score of a calibrated network, by its name in the recipe's `recognition`.

    The activations and the classes are those of some training photos.
    """
    scores: dict[str, Score] = {
        "probability": _probability,
        "energy": _Energy(*map(_stored, logit_weights(network))),
        "virtual-logit": _virtual_logit(network, training),
        "distance": _mahalanobis(training, classes),
    }
    features = backbone_features(network)
    if features:
        fitted = feature_distance(training, classes, features)
        scores["feature-distance"] = restored_score("feature-distance", fitted)
    return scores


def trained_rejection(
    scores: Mapping[str, Score],
    known: Sequence[Activations],
    others: Activations,
    validation: Activations,
) -> TrainedRejection:
    """Make a score that has learnt from photos of none of the classes.

    Args:
        scores: of `all_scores`; the distance is the one of the backbone's features, if there is.
        known: of some training photos: the data set's, and a user's own ones.
        others: of training photos of none of the classes.
        validation: of known photos that nothing was fitted to.
    """
    name = "feature-distance" if "feature-distance" in scores else "distance"
    distance = scores[name]
    size = distance.centre.shape[0] if isinstance(distance, FeatureDistance) else None
    weights, bias = fit_regression(
        [part.layers[:, :size] for part in known], others.layers[:, :size]
    )
    logits = validation.layers[:, :size] @ weights + bias
    weights, bias = scaled_to(values_of(distance, validation), logits, weights, bias)
    return TrainedRejection(distance, _stored(weights), _stored(bias))


def values_of(score: Score, activations: Activations) -> np.ndarray:
    """Return the score of each of the photos with these activations, float32 `[photos]`."""
    return np.asarray(ops.convert_to_numpy(score(activations.tensors)))


def score_arrays(score: Score) -> dict[str, np.ndarray]:
    """Return the numbers that a score was fitted with, by name, from which `restored_score` is."""
    if isinstance(score, TrainedRejection):
        added = {"weights": score.weights, "bias": score.bias}
        return {**score_arrays(score.distance), **_arrays(added)}
    return _arrays(vars(score) if is_dataclass(score) else {})


def _arrays(fitted: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.asarray(ops.convert_to_numpy(values)) for name, values in fitted.items()}


def restored_score(name: str, arrays: Mapping[str, np.ndarray]) -> Score:
    """Return the score with this name, as it was fitted.

    Raises:
        TypeError: the arrays are not those of this score.
        KeyError: there is no such score.
    """
    kinds = {
        "energy": _Energy,
        "virtual-logit": _VirtualLogit,
        "distance": _Mahalanobis,
        "feature-distance": FeatureDistance,
    }
    if name == "probability":
        return _probability
    if name == TRAINED_REJECTION:
        rest = dict(arrays)
        added = [_stored(rest.pop(part)) for part in ("weights", "bias")]
        distance = "feature-distance" if "directions" in rest else "distance"
        return TrainedRejection(restored_score(distance, rest), *added)
    floats = {n: _stored(each, each.dtype.type) for n, each in arrays.items() if n != "chosen"}
    score: Score = kinds[name](**{**arrays, **floats})
    return score


def _whitening(covariance: np.ndarray) -> np.ndarray:
    """Return the matrix that turns vectors with this covariance into vectors with variance 1."""
    size = len(covariance)
    level = max(np.trace(covariance) / size, _LEAST_VARIANCE)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * level * np.eye(size)
    return np.asarray(np.linalg.inv(np.linalg.cholesky(shrunk)).T)


def _squared_lengths(vectors: Tensor) -> Tensor:
    return ops.sum(ops.square(vectors), axis=-1)


def _stored(values: np.ndarray, dtype: type[np.floating] = np.float32) -> keras.Variable:
    """Return numbers that the published graph stores beside its weights."""
    return keras.Variable(np.asarray(values, dtype), trainable=False, dtype=np.dtype(dtype).name)
