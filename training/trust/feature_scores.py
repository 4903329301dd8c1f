"""Out-of-distribution scores for networks with a frozen backbone, measured in its features.

A head that is fitted to a few photos keeps only what distinguishes the classes. The backbone's
features (the root of the mean square over the image, scaled to length 1) also tell what the photos
show besides.
"""

from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from training.settings import Tensor
from training.trust.activations import Activations, ActivationTensors

_DIRECTIONS = 256  # Of the features' covariance: a model stores two bytes for each feature of each.
_LEAST = 1e-12


@dataclass(frozen=True)
class FeatureDistance:
    """The negative Mahalanobis distance to the nearest class, with one covariance for all classes.

    Since there are fewer photos than features, the covariance is shrunk (Ledoit and Wolf, 2004,
    https://doi.org/10.1016/S0047-259X(03)00096-4), and in all but its main directions it has their
    mean variance (Tipping and Bishop, 1999, https://doi.org/10.1111/1467-9868.00196).

    Sources: Lee et al., 2018, https://arxiv.org/abs/1807.03888; length: Mueller and Hein, 2025,
    https://arxiv.org/abs/2505.18032.

    Attributes:
        directions: half precision `[features, directions]`, scaled.
        centre: `[features]`, the mean of the classes.
        means: `[classes, features]`, less the centre.
        precision: `[]`, outside the directions.
    """

    directions: keras.Variable
    centre: keras.Variable
    means: keras.Variable
    precision: keras.Variable

    def __call__(self, tensors: ActivationTensors) -> Tensor:
        """Return the score of each photo, float32 `[batch]`."""
        features = tensors["layers"][:, : self.centre.shape[0]] - self.centre
        directions = ops.cast(self.directions, "float32")
        seen, of_means = ops.matmul(features, directions), ops.matmul(self.means, directions)
        whole = self.precision * _squared_distances(features, self.means)
        squares = whole - _squared_distances(seen, of_means)
        return -ops.sqrt(ops.maximum(ops.min(squares, axis=-1), 0.0))


def feature_distance(
    training: Activations, classes: np.ndarray, features: int
) -> dict[str, np.ndarray]:
    """Fit a `FeatureDistance` to training photos: its numbers by name.

    Args:
        training: activations, whose first `features` layer outputs are the backbone's.
        classes: int64 `[photos]`.
        features: their number.
    """
    values = training.layers[:, :features].astype(np.float64)
    present, inverse = np.unique(classes, return_inverse=True)
    means = np.stack([values[classes == each].mean(axis=0) for each in present])
    variances, vectors = np.linalg.eigh(ledoit_wolf(values - means[inverse]))  # Rising.
    split = max(len(variances) - _DIRECTIONS, 1)
    rest = max(variances[:split].mean(), _LEAST)
    scales = np.sqrt(np.maximum(1 / rest - 1 / np.maximum(variances[split:], rest), 0))
    centre = means.mean(axis=0)
    return {
        "directions": (vectors[:, split:] * scales).astype(np.float16),
        "centre": centre.astype(np.float32),
        "means": (means - centre).astype(np.float32),
        "precision": np.float32(1 / rest),
    }


def ledoit_wolf(centred: np.ndarray) -> np.ndarray:
    """Return the shrunk covariance of centred rows `[rows, features]`: Ledoit and Wolf, 2004."""
    rows, features = centred.shape
    covariance = centred.T @ centred / rows
    level = np.trace(covariance) / features
    total = np.square(covariance).sum()
    distance = total - features * level**2
    noise = (np.square(np.square(centred).sum(axis=1)).mean() - total) / rows
    share = 1.0 if distance <= 0 else float(np.clip(noise / distance, 0, 1))
    return np.asarray((1 - share) * covariance + share * level * np.eye(features))


def _squared_distances(rows: Tensor, points: Tensor) -> Tensor:
    """Return the squared distances between rows `[batch, …]` and points, `[batch, points]`."""
    squares = ops.sum(ops.square(rows), axis=-1)[:, None] + ops.sum(ops.square(points), axis=-1)
    return squares - 2 * ops.matmul(rows, ops.transpose(points))
