"""The calls of layers that a network makes, also of networks within it, in order."""

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers

from training.settings import Tensor


@dataclass(frozen=True)
class Call:
    """A call of a layer, with its symbolic inputs and output."""

    layer: layers.Layer
    inputs: tuple[Tensor, ...]
    output: Tensor


def calls_in(network: keras.Model, *, within: bool = True) -> tuple[Tensor, list[Call]]:
    """Call all layers of a network with one input on a new symbolic tensor.

    Args:
        network: functional.
        within: whether networks within it are divided into their layers.

    Returns:
        The symbolic input, and the calls.
    """
    image = keras.Input(network.input_shape[1:], dtype=network.input.dtype, name="image")
    calls: list[Call] = []
    _walk(network, image, calls, within)
    return image, calls


def narrows(calls: list[Call]) -> list[Call]:
    """Return the calls after which later layers use no earlier output."""
    last_use = {id(tensor): index for index, call in enumerate(calls) for tensor in call.inputs}
    found, needed_until = [], 0
    for index, call in enumerate(calls):
        needed_until = max([needed_until, *(last_use[id(tensor)] for tensor in call.inputs)])
        if needed_until <= index:
            found.append(call)
        needed_until = max(needed_until, last_use.get(id(call.output), 0))
    return found


def _walk(network: keras.Model, image: Tensor, calls: list[Call], within: bool) -> Tensor:
    """Call the layers of a network, also of networks within it, on a symbolic tensor."""

    def call(layer: layers.Layer, *inputs: Any, **options: Any) -> Tensor:
        if within and isinstance(layer, keras.Model):
            return _walk(layer, inputs[0], calls, within)
        output = layer(*inputs, **options)
        calls.append(Call(layer, tuple(keras.tree.flatten(inputs)), output))
        return output

    # Not public: the public functions treat a network within another as one layer. Keras is pinned
    # to one release.
    graph = network._functional if isinstance(network, keras.Sequential) else network
    outputs = graph._run_through_graph(image, operation_fn=lambda layer: layer, call_fn=call)
    return keras.tree.flatten(outputs)[0]
