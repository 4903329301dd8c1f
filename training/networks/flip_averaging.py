"""Averaging the features of each photo and of its mirror image, in a network that is served.

Mistakes that depend on which side is left cancel out (test-time augmentation: Krizhevsky et al.,
2012, section 4.1). Both go through the network as one batch: the photos, then their mirror images.
"""

import keras
from keras import layers, ops

from training.settings import Tensor

_BOTH, _MEAN = "with_mirror_images", "mean_of_both"
_COLUMNS = 2  # Axis of photos and maps.


def with_mirror_images(image: Tensor) -> Tensor:
    """Double a batch `[batch, height, width, channels]`: its mirror images follow it."""
    return layers.Concatenate(axis=0, name=_BOTH)([image, ops.flip(image, _COLUMNS)])


def without_mirror_images(features: Tensor) -> Tensor:
    """Make it a batch of the photos again: with the features' `mean_of_both`."""
    return layers.Identity(name=_MEAN)(mean_of_both(features))


def mean_of_both(features: Tensor) -> Tensor:
    """Average what a doubled batch has for each photo, from `[2 × batch, n]` to `[batch, n]`."""
    return ops.mean(ops.reshape(features, (2, -1, features.shape[-1])), axis=0)


def averages_flips(network: keras.Model) -> bool:
    """Whether the maps and features in a network are of a doubled batch."""
    return _BOTH in {layer.name for layer in network.layers}


def batches_at(name: str, batches: int) -> int:
    """Return how many batches a layer of this name outputs: 2 within, else 1.

    Args:
        name: of the layer.
        batches: those before it.
    """
    return {_BOTH: 2, _MEAN: 1}.get(name, batches)


def side_by_side(maps: Tensor) -> Tensor:
    """Join the maps of a photo and of its mirror image, which is turned back.

    Returns:
        From `[2 × batch, rows, columns, channels]`, `[batch, rows, columns, 2 × channels]`.
    """
    both = ops.reshape(maps, (2, -1, *maps.shape[1:]))
    return ops.concatenate([both[0], ops.flip(both[1], _COLUMNS)], axis=-1)


def one_after_the_other(maps: Tensor) -> Tensor:
    """Undo `side_by_side`."""
    plain, mirrored = ops.split(maps, 2, axis=-1)
    return ops.concatenate([plain, ops.flip(mirrored, _COLUMNS)], axis=0)
