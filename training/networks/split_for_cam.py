"""A served network in three parts: below an inner feature map, above it, and its last layer.

Class activation mapping needs them: how the prediction depends on each position of the map.
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from training.settings import Tensor

MIN_ROWS = 9
"""Of the feature map: a coarser one hardly shows where something is."""

_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)


@dataclass(frozen=True)
class SplitNetwork:
    """The parts of a network; they share its weights.

    Attributes:
        below: from uint8 pixels to the map, float32 `[batch, rows, columns, channels]`.
        above: from the map to the features under the last layer, `[batch, features]`.
        last: the dense layer from features to probabilities, by softmax or one sigmoid.
    """

    below: keras.Model
    above: keras.Model
    last: layers.Dense


@dataclass(frozen=True)
class _Call:
    """A call of a layer, with its symbolic inputs and output."""

    layer: layers.Layer
    inputs: tuple[Tensor, ...]
    output: Tensor


def split_for_cam(network: keras.Model) -> SplitNetwork:
    """Divide a network at a feature map that all paths go through.

    That is the deepest one of at least `MIN_ROWS` rows and columns after a convolution, else the
    finest; the scaled pixels in a network without convolutions.

    Args:
        network: of `network_to_serve`; its last weights are a dense layer's.
    """
    image = keras.Input(network.input_shape[1:], dtype="uint8", name="image")
    calls: list[_Call] = []
    _walk(network, image, calls)
    last = max(index for index, call in enumerate(calls) if isinstance(call.layer, layers.Dense))
    features = calls[last].inputs[0]
    chosen = _map(calls[:last])
    return SplitNetwork(
        keras.Model(image, chosen), keras.Model(chosen, features), calls[last].layer
    )


def _walk(network: keras.Model, image: Tensor, calls: list[_Call]) -> Tensor:
    """Call the layers of a network, also of networks within it, on a symbolic tensor."""

    def call(layer: layers.Layer, *inputs: Any, **options: Any) -> Tensor:
        if isinstance(layer, keras.Model):
            return _walk(layer, inputs[0], calls)
        output = layer(*inputs, **options)
        calls.append(_Call(layer, tuple(keras.tree.flatten(inputs)), output))
        return output

    # Not public: the public functions treat a network within another as one layer. Keras is pinned
    # to one release.
    outputs = network._run_through_graph(image, operation_fn=lambda layer: layer, call_fn=call)
    return keras.tree.flatten(outputs)[0]


def _map(calls: list[_Call]) -> Tensor:
    convolved = [isinstance(call.layer, _CONVOLUTIONS) for call in calls]
    first = convolved.index(True) if any(convolved) else 0
    maps = [
        call.output
        for call in _narrows(calls)
        if len(call.output.shape) == 4
        and calls.index(call) >= first
        # Its cells are shifted against the photo.
        and not isinstance(call.layer, layers.ZeroPadding2D)
    ]
    fine = [each for each in maps if min(each.shape[1:3]) >= MIN_ROWS]
    return fine[-1] if fine else max(maps, key=lambda each: min(each.shape[1:3]))


def _narrows(calls: list[_Call]) -> list[_Call]:
    """Return the calls after which later layers use no earlier output."""
    last_use = {id(tensor): index for index, call in enumerate(calls) for tensor in call.inputs}
    found, needed_until = [], 0
    for index, call in enumerate(calls):
        needed_until = max([needed_until, *(last_use[id(tensor)] for tensor in call.inputs)])
        if needed_until <= index:
            found.append(call)
        needed_until = max(needed_until, last_use.get(id(call.output), 0))
    return found
