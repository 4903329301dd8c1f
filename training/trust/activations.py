"""What a network computes on the way from photos to probabilities, for every kind of network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras
import numpy as np
from keras import layers

from training.data.datasets import Photos
from training.networks.backbone import tail_and_below, without_xla
from training.networks.flip_averaging import averages_flips, mean_of_both
from training.networks.pooling import root_mean_square
from training.networks.prediction import predict_batches
from training.settings import Tensor

ActivationTensors = Mapping[str, Tensor]
"""What an `activation_model` computes for a batch of photos, float32:

- `layers`: `[batch, features]`, the output of each rectified layer, averaged over all positions and
  scaled to length 1; of a network without rectified layers, that of `last`. Of a backbone only
  its output is used, and the root of its mean square (see `training.networks.pooling`);
- `last`: `[batch, units]`, the input of the last layer;
- `probabilities`: `[batch, classes]`.
"""

_BATCH = 64
_SMALLEST = 1e-12  # A layer that outputs only zeros has no direction.


@dataclass(frozen=True)
class Activations:
    """The activations of many photos, float32 arrays; see `ActivationTensors`."""

    layers: np.ndarray
    last: np.ndarray
    probabilities: np.ndarray

    @property
    def tensors(self) -> ActivationTensors:
        """The same by name, as scores take them."""
        return {"layers": self.layers, "last": self.last, "probabilities": self.probabilities}


def joined(parts: Sequence[Activations]) -> Activations:
    """Return the activations of several groups of photos as those of one."""
    names = ("layers", "last", "probabilities")
    return Activations(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def activation_model(network: keras.Model) -> keras.Model:
    """Return a model that shares a network's layers and outputs `ActivationTensors`.

    The network is one to serve, or its part that takes features.
    """
    names = {layer.name for layer in network.layers}
    if "head" in names:
        features = network.get_layer("backbone")(network.input)
        tensors = activation_model(network.get_layer("head"))(features)
    elif "tail" in names:
        tensors = _head_activations(network)
    else:
        outputs = [layer.output for layer in network.layers if _is_rectified(layer)]
        last = last_layer(network).input
        tensors = {
            "layers": _joined(outputs, averages_flips(network)) if outputs else _joined([last]),
            "last": last,
            "probabilities": network.output,
        }
    return without_xla(keras.Model(network.input, tensors, name="activations"))


def last_layer(network: keras.Model) -> layers.Dense:
    """Return the layer that outputs the probabilities: one per class, or a single sigmoid."""
    names = {layer.name for layer in network.layers}
    for part in ("head", "tail"):
        if part in names:
            return last_layer(network.get_layer(part))
    return network.get_layer("probability" if "probability" in names else "probabilities")


def compute_activations(model: keras.Model, photos: Photos) -> Activations:
    """Compute the activations of at least one photo; `model` is an `activation_model`."""
    batches = predict_batches(model, photos, _BATCH)
    names = ("layers", "last", "probabilities")
    return Activations(*(np.concatenate([batch[name] for batch in batches]) for name in names))


def logit_weights(network: keras.Model) -> tuple[np.ndarray, np.ndarray]:
    """Return kernel `[units, classes]` and bias `[classes]` of the logits, float64.

    A single sigmoid equals the softmax of its logit and 0. Without a bias, the bias is zeros.
    """
    kernel, *biases = (np.asarray(each, np.float64) for each in last_layer(network).get_weights())
    bias = biases[0] if biases else np.zeros(kernel.shape[1])
    if kernel.shape[1] == 1:
        return np.hstack([0 * kernel, kernel]), np.concatenate([0 * bias, bias])
    return kernel, bias


def backbone_features(network: keras.Model) -> int:
    """Return how many of the first outputs in `layers` are a backbone's; 0 if there is none."""
    if "head" not in {layer.name for layer in network.layers}:
        return 0
    return int(root_mean_square(network.get_layer("head")).shape[-1])


def _head_activations(head: keras.Model) -> ActivationTensors:
    """Return the activations in a head: of its input from the backbone, and in its tail."""
    tail, below = tail_and_below(head)
    hidden = {layer.name: layer.output for layer in tail.layers if _is_rectified(layer)}
    ends = {"last": last_layer(tail).input, "probabilities": tail.output}
    model = keras.Model(tail.input, ends | hidden, name="tail_activations")
    tensors = model(below.output)
    outputs = [root_mean_square(head), *(tensors[name] for name in hidden)]
    return {"layers": _joined(outputs), **{name: tensors[name] for name in ends}}


def _joined(outputs: list[Tensor], of_both: bool = False) -> Tensor:
    pooled = [_pooled(output, of_both) for output in outputs]
    return layers.Concatenate(name="layers")(pooled) if len(pooled) > 1 else pooled[0]


def _is_rectified(layer: layers.Layer) -> bool:
    activation = getattr(layer, "activation", None)
    return isinstance(layer, layers.ReLU) or activation is keras.activations.relu


def _pooled(output: Tensor, of_both: bool) -> Tensor:
    """Average over all positions, and scale to length 1: what matters is the direction."""
    positions = tuple(range(1, len(output.shape) - 1))
    mean = keras.ops.mean(output, axis=positions) if positions else output
    mean = mean_of_both(mean) if of_both else mean
    length = keras.ops.sqrt(keras.ops.sum(mean * mean, axis=-1, keepdims=True))
    return mean / keras.ops.maximum(length, _SMALLEST)
