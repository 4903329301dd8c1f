"""A served network in three parts: below an inner feature map, above it, and its last layer.

Class activation mapping needs them: how the prediction depends on each position of the map.
"""

from dataclasses import dataclass

import keras
from keras import layers

from training.networks.calls import Call, calls_in, narrows
from training.networks.flip_averaging import averages_flips, one_after_the_other, side_by_side
from training.settings import Tensor

MIN_ROWS = 9
"""Of the feature map: a coarser one hardly shows where something is."""

_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)


@dataclass(frozen=True)
class SplitNetwork:
    """The parts of a network; they share its weights.

    Attributes:
        below: from uint8 pixels to the map, float32 `[batch, rows, columns, channels]`; where flips
            are averaged, that of the photo and that of its mirror image, turned back.
        above: from the map to the features under the last layer, `[batch, features]`.
        last: the dense layer from features to probabilities, by softmax or one sigmoid.
    """

    below: keras.Model
    above: keras.Model
    last: layers.Dense


def split_for_cam(network: keras.Model) -> SplitNetwork:
    """Divide a network at a feature map that all paths go through.

    That is the deepest one of at least `MIN_ROWS` rows and columns after a convolution, else the
    finest; the scaled pixels in a network without convolutions.

    Args:
        network: of `network_to_serve`; its last weights are a dense layer's.
    """
    image, calls = calls_in(network)
    last = max(index for index, call in enumerate(calls) if isinstance(call.layer, layers.Dense))
    features = calls[last].inputs[0]
    chosen = _map(calls[:last])
    above = keras.Model(chosen, features)
    if averages_flips(network):
        chosen = side_by_side(chosen)
        maps = keras.Input(chosen.shape[1:])
        above = keras.Model(maps, above(one_after_the_other(maps)))
    return SplitNetwork(keras.Model(image, chosen), above, calls[last].layer)


def _map(calls: list[Call]) -> Tensor:
    convolved = [isinstance(call.layer, _CONVOLUTIONS) for call in calls]
    first = convolved.index(True) if any(convolved) else 0
    maps = [
        call.output
        for call in narrows(calls)
        if len(call.output.shape) == 4
        and calls.index(call) >= first
        # Its cells are shifted against the photo.
        and not isinstance(call.layer, layers.ZeroPadding2D)
    ]
    fine = [each for each in maps if min(each.shape[1:3]) >= MIN_ROWS]
    return fine[-1] if fine else max(maps, key=lambda each: min(each.shape[1:3]))
