"""Pooling between a backbone and its head.

A head takes the mean over all positions. The recognition score is measured in the mean square, in
which what fills only a part of the photo counts more; so both are computed, and cached.
"""

import keras
from keras import layers, ops

from training.settings import Tensor


def mean_and_mean_square(features: Tensor) -> Tensor:
    """Pool a map `[batch, rows, columns, channels]` to `[batch, 2, channels]`."""
    mean = layers.GlobalAveragePooling2D(name="pool")(features)
    square = layers.Multiply(name="square")([features, features])
    mean_square = layers.GlobalAveragePooling2D(name="pool_square")(square)
    both = layers.Concatenate(name="pool_both")([mean, mean_square])
    return layers.Reshape((2, mean.shape[-1]), name="pooled")(both)


def vector_of(features: Tensor, pooling: str) -> Tensor:
    """Return what a head takes, `[batch, units]`.

    Args:
        features: a map, or what `mean_and_mean_square` made of it.
        pooling: of a map, `average` or `flatten`.
    """
    if len(features.shape) == 3:
        mean = layers.Cropping1D((0, 1), name="mean")(features)
        return layers.Reshape(mean.shape[2:], name="mean_vector")(mean)
    if pooling == "flatten":
        return layers.Flatten(name="flatten")(features)
    return layers.GlobalAveragePooling2D(name="pool")(features)


def root_mean_square(network: keras.Model) -> Tensor:
    """Return that of the features over all positions, `[batch, channels]`.

    It is the generalized mean of Radenović et al., 2018, https://arxiv.org/abs/1711.02512, for
    p = 2. The network is one that uses `vector_of`.
    """
    kinds = layers.Cropping1D, layers.Flatten, layers.GlobalAveragePooling2D
    features = next(layer for layer in network.layers if isinstance(layer, kinds)).input
    if len(features.shape) == 3:
        return ops.sqrt(features[:, 1])
    return ops.sqrt(ops.mean(ops.square(features), axis=(1, 2)))
