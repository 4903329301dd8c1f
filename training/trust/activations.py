"""What a network finds out about photos on its way to probabilities, for whatever network."""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from training.data.datasets import Photos
from training.networks.backbone import tail_and_below, without_xla
from training.settings import Tensor

Seen = Mapping[str, Tensor]
"""What `insides` of a network gives for a batch of photos, float32:

- `layers`: `[batch, features]`, what each rectified layer finds, averaged over all places, each
  layer's part with a length of 1; of a network that rectifies nothing, `last` alone;
- `last`: `[batch, units]`, what the last layer weighs;
- `probabilities`: `[batch, classes]`.
"""

_BATCH = 256
_SMALLEST = 1e-12  # A layer that finds nothing has no direction.


@dataclass(frozen=True)
class Observed:
    """What a network found out about many photos: see `Seen`; float32."""

    layers: np.ndarray
    last: np.ndarray
    probabilities: np.ndarray

    @property
    def seen(self) -> Seen:
        """The same by name, as scores take it."""
        return {"layers": self.layers, "last": self.last, "probabilities": self.probabilities}

    def __getitem__(self, chosen: np.ndarray | slice) -> "Observed":
        return Observed(self.layers[chosen], self.last[chosen], self.probabilities[chosen])


def insides(network: keras.Model) -> keras.Model:
    """Return a model that shares a network's layers and tells what they find, as `Seen` says.

    Args:
        network: of `training.networks.network_to_serve`; or the part of it that takes features.
    """
    names = {layer.name for layer in network.layers}
    if "head" in names:
        seen = insides(network.get_layer("head"))(network.get_layer("backbone")(network.input))
    elif "tail" in names:
        seen = _head_insides(network)
    else:
        found = [layer.output for layer in network.layers if _is_rectified(layer)]
        last = last_layer(network).input
        seen = {"layers": _joined(found or [last]), "last": last, "probabilities": network.output}
    return without_xla(keras.Model(network.input, seen, name="insides"))


def last_layer(network: keras.Model) -> layers.Dense:
    """Return the layer that gives the probabilities: of each class, or one unit's sigmoid."""
    names = {layer.name for layer in network.layers}
    for part in ("head", "tail"):
        if part in names:
            return last_layer(network.get_layer(part))
    return network.get_layer("probability" if "probability" in names else "probabilities")


def observe(inside: keras.Model, photos: Photos) -> Observed:
    """Let `insides` of a network look at photos.

    Args:
        inside: of `insides`.
        photos: what it takes, at least one.
    """
    starts = range(0, len(photos), _BATCH)
    batches = [
        inside.predict_on_batch(np.asarray(photos[start : start + _BATCH])) for start in starts
    ]
    names = ("layers", "last", "probabilities")
    return Observed(*(np.concatenate([batch[name] for batch in batches]) for name in names))


def weights_of_classes(network: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel `[units, classes]` and bias `[classes]` of the logits.

    One sigmoid is the softmax of its own logit beside a 0. A layer without a bias has zeros.
    """
    weights = (np.asarray(weight, np.float64) for weight in last_layer(network).get_weights())
    kernel, *biases = weights
    bias = biases[0] if biases else np.zeros(kernel.shape[1])
    if kernel.shape[1] == 1:
        return np.hstack([0 * kernel, kernel]), np.concatenate([0 * bias, bias])
    return kernel, bias


def _head_insides(head: keras.Model) -> Seen:
    """Return what lies in a head: what it gets from the backbone, and in its tail."""
    tail, below = tail_and_below(head)
    flattened = [layer.input for layer in head.layers if isinstance(layer, layers.Flatten)]
    hidden = {layer.name: layer.output for layer in tail.layers if _is_rectified(layer)}
    told = {"last": last_layer(tail).input, "probabilities": tail.output}
    seen = keras.Model(tail.input, told | hidden, name="tail_insides")(below.output)
    found = [*(flattened or [below.output]), *(seen[name] for name in hidden)]
    return {"layers": _joined(found), **{name: seen[name] for name in told}}


def _joined(found: list[Tensor]) -> Tensor:
    pooled = [_pooled(tensor) for tensor in found]
    return layers.Concatenate(name="layers")(pooled) if len(pooled) > 1 else pooled[0]


def _is_rectified(layer: layers.Layer) -> bool:
    activation = getattr(layer, "activation", None)
    return isinstance(layer, layers.ReLU) or activation is keras.activations.relu


def _pooled(found: Tensor) -> Tensor:
    """Average over all places, and scale to a length of 1: what matters is the direction."""
    places = tuple(range(1, len(found.shape) - 1))
    mean = keras.ops.mean(found, axis=places) if places else found
    length = keras.ops.sqrt(keras.ops.sum(mean * mean, axis=-1, keepdims=True))
    return mean / keras.ops.maximum(length, _SMALLEST)
