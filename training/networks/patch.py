"""The patch network: what is in each square of pixels, then one hidden layer over all squares."""

from keras import layers

from training.networks.builders import Tensor, features_of
from training.recipe import PatchNetwork

_MEAN = 0.286  # Of Fashion-MNIST's pixels in [0, 1]: the first steps learn from what differs.
_SPREAD = 0.5


@features_of.register
def _patch_features(network: PatchNetwork, image: Tensor, folded: bool) -> Tensor:
    scale = 1 / (255 * _SPREAD)
    scaled = layers.Rescaling(scale, offset=-_MEAN / _SPREAD, name="scale")(image)
    squares = _squares(scaled, network.side)
    described = layers.Dense(network.channels, activation="relu", name="patches")(squares)
    flat = layers.Flatten(name="flatten")(described)
    return layers.Dense(network.units, activation="relu", name="hidden")(flat)


def _squares(pixels: Tensor, side: int) -> Tensor:
    """Cut images into squares: `[batch, rows × columns, side × side × channels]`.

    A convolution with such strides is the same, but as one matrix product it is fitted in half
    the time on a processor.
    """
    _, height, width, channels = pixels.shape
    rows, columns = height // side, width // side
    cut = layers.Reshape((rows, side, columns, side, channels), name="cut")(pixels)
    grouped = layers.Permute((1, 3, 2, 4, 5), name="group")(cut)
    return layers.Reshape((rows * columns, side * side * channels), name="squares")(grouped)
