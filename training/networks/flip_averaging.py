"""Averaging the features of each photo and of its mirror image, in a network that is served.

Mistakes that depend on which side is left cancel out (test-time augmentation: Krizhevsky et al.,
2012, section 4.1). Both go through the network as one batch: the photos, then their mirror images.
"""

from collections.abc import Mapping

import keras
from keras import layers, ops

from training.settings import Tensor

_COLUMNS = 2  # Axis of photos and maps.


class WithMirrorImages(layers.Layer):  # type: ignore[misc]  # Keras has no types.
    """Doubles a batch `[batch, height, width, channels]`: its mirror images follow it."""

    def call(self, image: Tensor) -> Tensor:
        """Return the photos, then their mirror images."""
        return ops.concatenate([image, ops.flip(image, _COLUMNS)], axis=0)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of twice the batch."""
        return (shape[0] and 2 * shape[0], *shape[1:])


class MeanOfBoth(layers.Layer):  # type: ignore[misc]  # Keras has no types.
    """Makes the features of a doubled batch those of its photos: their `mean_of_both`."""

    def call(self, features: Tensor) -> Tensor:
        """Return the features, `[batch, features]`."""
        return mean_of_both(features)

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Return the shape of half the batch."""
        return (shape[0] and shape[0] // 2, *shape[1:])


# Networks that runs have saved name these classes: they can't be renamed.
LAYERS: Mapping[str, type[layers.Layer]] = {
    each.__name__: each for each in (WithMirrorImages, MeanOfBoth)
}
"""These layers by name, as Keras needs them to load a saved network."""


def mean_of_both(features: Tensor) -> Tensor:
    """Average what a doubled batch has for each photo, from `[2 × batch, n]` to `[batch, n]`."""
    return ops.mean(ops.reshape(features, (2, -1, features.shape[-1])), axis=0)


def averages_flips(network: keras.Model) -> bool:
    """Whether the maps and features in a network are of a doubled batch."""
    return any(isinstance(layer, WithMirrorImages) for layer in network.layers)


def batches_after(layer: layers.Layer, before: int) -> int:
    """Return how many batches, 1 or 2, a layer outputs that gets the output of those before."""
    return {WithMirrorImages: 2, MeanOfBoth: 1}.get(type(layer), before)


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
