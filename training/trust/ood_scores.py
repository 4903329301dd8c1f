"""Scores that tell photos of the kind that a network was trained on from others, as published.

Each is larger for what the network knows, and is computed of what the network finds out anyway
(`training.trust.activations.Seen`), in Keras's operations: in NumPy's stead while it is judged, and
in the published graph.
"""

from collections.abc import Mapping
from typing import Protocol

import keras
import numpy as np
from keras import ops

from training.settings import Tensor
from training.trust.activations import Observed, Seen, weights_of_classes

MOST_FEATURES = 192
"""Of those that a distance is measured in: the model carries two bytes for each pair of them."""

_SEED = 0  # Of the choice among more features than that.
_SHRINKAGE = 1e-3  # Of a covariance towards the same variance in all directions.
_LEAST_VARIANCE = 1e-5  # On average; so that half precision holds its inverse.


class Score(Protocol):
    """One way to tell."""

    def __call__(self, seen: Seen) -> Tensor:
        """Return the score of each photo, float32 `[batch]`."""


class Probability:
    """The probability of the most probable class.

    Source: Hendrycks and Gimpel, 2017, https://arxiv.org/abs/1610.02136.
    """

    def __call__(self, seen: Seen) -> Tensor:
        """Return the score of each photo, float32 `[batch]`."""
        return ops.max(seen["probabilities"], axis=-1)


class Energy:
    """The logarithm of the sum of the exponentiated logits.

    Source: Liu et al., 2020, https://arxiv.org/abs/2010.03759.
    """

    def __init__(self, network: keras.Model) -> None:
        kernel, bias = weights_of_classes(network)
        self._kernel, self._bias = _kept(kernel), _kept(bias)

    def __call__(self, seen: Seen) -> Tensor:
        """Return the score of each photo, float32 `[batch]`."""
        return ops.logsumexp(ops.matmul(seen["last"], self._kernel) + self._bias, axis=-1)


class VirtualLogit:
    """Energy, less how far the last layer's input lies off where the training photos' spreads most.

    Source: Wang et al., 2022, https://arxiv.org/abs/2203.10807.
    """

    def __init__(self, network: keras.Model, training: Observed) -> None:
        self._energy = Energy(network)
        kernel, bias = weights_of_classes(network)
        origin = -np.linalg.pinv(kernel.T) @ bias
        inputs = training.last.astype(np.float64) - origin
        directions = np.linalg.eigh(inputs.T @ inputs)[1]  # By rising spread.
        unseen = directions[:, : directions.shape[1] // 2]
        lengths = np.linalg.norm(inputs @ unseen, axis=1).mean()
        strongest = (training.last @ kernel + bias).max(axis=1).mean()
        scale = strongest / max(lengths, np.finfo(np.float32).tiny)
        self._origin, self._unseen = _kept(origin), _kept(unseen * scale)

    def __call__(self, seen: Seen) -> Tensor:
        """Return the score of each photo, float32 `[batch]`."""
        unseen = ops.matmul(seen["last"] - self._origin, self._unseen)
        return self._energy(seen) - ops.sqrt(_squared_lengths(unseen))


class Mahalanobis:
    """How near the nearest class is, by the Mahalanobis distance with one covariance for all.

    It is measured in what all rectified layers find, each layer's part scaled to a length of 1, as
    one vector. Of too many features some are chosen at random.

    Sources: Lee et al., 2018, https://arxiv.org/abs/1807.03888; length: Mueller and Hein, 2025,
    https://arxiv.org/abs/2505.18032; choice: Defard et al., 2020, https://arxiv.org/abs/2011.08785.
    """

    def __init__(self, training: Observed, classes: np.ndarray) -> None:
        count = training.layers.shape[1]
        random = np.random.default_rng(_SEED)
        self._chosen = np.sort(random.choice(count, min(count, MOST_FEATURES), replace=False))
        features = training.layers[:, self._chosen].astype(np.float64)
        means = np.stack([features[classes == each].mean(axis=0) for each in np.unique(classes)])
        within = features - means[np.unique(classes, return_inverse=True)[1]]
        # In half precision; the means are whitened by what is left of it.
        whitening = _whitening(within.T @ within / len(within)).astype(np.float16)
        centre = means.mean(axis=0)
        self._whitening, self._centre = _kept(whitening, np.float16), _kept(centre)
        self._means = _kept((means - centre) @ whitening.astype(np.float64))

    def __call__(self, seen: Seen) -> Tensor:
        """Return the score of each photo, float32 `[batch]`."""
        chosen = ops.take(seen["layers"], self._chosen, axis=-1) - self._centre
        whitened = ops.matmul(chosen, ops.cast(self._whitening, "float32"))
        products = ops.matmul(whitened, ops.transpose(self._means))
        squares = _squared_lengths(whitened)[:, None] - 2 * products + _squared_lengths(self._means)
        return -ops.sqrt(ops.maximum(ops.min(squares, axis=-1), 0.0))


def all_scores(
    network: keras.Model, training: Observed, classes: np.ndarray
) -> Mapping[str, Score]:
    """Make every score of a network, by the name that a recipe's number `recognition` has.

    Args:
        network: the calibrated one.
        training: what it found out about some of its training photos.
        classes: int64, theirs.
    """
    return {
        "probability": Probability(),
        "energy": Energy(network),
        "virtual-logit": VirtualLogit(network, training),
        "distance": Mahalanobis(training, classes),
    }


def _whitening(covariance: np.ndarray) -> np.ndarray:
    """Return the matrix by which vectors of a covariance become vectors of variance 1."""
    size = len(covariance)
    level = max(np.trace(covariance) / size, _LEAST_VARIANCE)
    shrunk = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * level * np.eye(size)
    return np.asarray(np.linalg.inv(np.linalg.cholesky(shrunk)).T)


def _squared_lengths(vectors: Tensor) -> Tensor:
    return ops.sum(ops.square(vectors), axis=-1)


def _kept(values: np.ndarray, dtype: type[np.floating] = np.float32) -> keras.Variable:
    """Keep numbers where the published graph stores them beside its weights."""
    return keras.Variable(np.asarray(values, dtype), trainable=False, dtype=np.dtype(dtype).name)
