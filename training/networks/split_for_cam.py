"""A served network in three parts: below an inner map of the image, above it, and its last layer.

What an explanation needs: how the answer follows from what the network sees in each place.
"""

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from training.settings import Tensor

LEAST_ROWS = 9
"""Of the map: a coarser one tells little of where something is."""

_CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D, layers.SeparableConv2D)


@dataclass(frozen=True)
class SplitNetwork:
    """The parts of a network; they share its weights.

    Attributes:
        below: from uint8 pixels to the map, float32 `[batch, rows, columns, channels]`.
        above: from the map to the features under the last layer, `[batch, features]`.
        last: the dense layer that makes probabilities of them, by softmax or one sigmoid.
    """

    below: keras.Model
    above: keras.Model
    last: layers.Dense


@dataclass(frozen=True)
class _Call:
    """One layer called: with what, and what came out; symbolic tensors."""

    layer: layers.Layer
    inputs: tuple[Tensor, ...]
    output: Tensor


def split_for_cam(network: keras.Model) -> SplitNetwork:
    """Divide a network at a map through which everything goes.

    That is the deepest one of at least `LEAST_ROWS` rows and columns that a convolution has seen,
    else the finest; the scaled pixels where nothing is convolved.

    Args:
        network: of `network_to_serve`; its last weights are a dense layer's.
    """
    image = keras.Input(network.input_shape[1:], dtype="uint8", name="image")
    calls: list[_Call] = []
    _walk(network, image, calls)
    last = max(place for place, call in enumerate(calls) if isinstance(call.layer, layers.Dense))
    features = calls[last].inputs[0]
    chosen = _map(calls[:last])
    return SplitNetwork(
        keras.Model(image, chosen), keras.Model(chosen, features), calls[last].layer
    )


def _walk(network: keras.Model, image: Tensor, calls: list[_Call]) -> Tensor:
    """Call the layers of a network on a symbolic tensor, those of networks within it too."""

    def call(layer: layers.Layer, *inputs: Any, **options: Any) -> Tensor:
        if isinstance(layer, keras.Model):
            return _walk(layer, inputs[0], calls)
        output = layer(*inputs, **options)
        calls.append(_Call(layer, tuple(keras.tree.flatten(inputs)), output))
        return output

    # Keras's own walk, which is not public: the public ways show a network within another as one
    # layer. Keras is pinned to one release.
    outputs = network._run_through_graph(image, operation_fn=lambda layer: layer, call_fn=call)
    return keras.tree.flatten(outputs)[0]


def _map(calls: list[_Call]) -> Tensor:
    """Return the map to divide at, of those that the layers make one after another."""
    convolved = [isinstance(call.layer, _CONVOLUTIONS) for call in calls]
    first = convolved.index(True) if any(convolved) else 0
    maps = [
        call.output
        for call in _narrows(calls)
        if len(call.output.shape) == 4
        and calls.index(call) >= first
        # Its cells would lie elsewhere on the photo.
        and not isinstance(call.layer, layers.ZeroPadding2D)
    ]
    fine = [each for each in maps if min(each.shape[1:3]) >= LEAST_ROWS]
    return fine[-1] if fine else max(maps, key=lambda each: min(each.shape[1:3]))


def _narrows(calls: list[_Call]) -> list[_Call]:
    """Return the calls of whose past later layers use nothing but the output."""
    last_use = {id(tensor): place for place, call in enumerate(calls) for tensor in call.inputs}
    found, needed_until = [], 0
    for place, call in enumerate(calls):
        needed_until = max([needed_until, *(last_use[id(tensor)] for tensor in call.inputs)])
        if needed_until <= place:
            found.append(call)
        needed_until = max(needed_until, last_use.get(id(call.output), 0))
    return found
