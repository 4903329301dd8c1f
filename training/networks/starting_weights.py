"""Weights to start fitting from: those of another network with the same layers.

They may be of a network as it is fitted, or as it is served, with its batch normalisation folded
into the convolutions. Then the normalisation is restored: the network computes the same, with the
moments that the convolutions have on the new training photos. With other moments, such as 0 and 1,
it would compute something else as soon as a batch is normalised by its own moments.
"""

from collections.abc import Iterator, Mapping, Sequence

import keras
import numpy as np
from keras import layers, ops

from training.networks.backbone import Backbone, without_xla
from training.networks.convolution import NORM

Weights = Mapping[str, np.ndarray]
"""Values by Keras's path: `<layer>/<weight>`."""

_PHOTOS = 2_048  # That moments are measured on, about.


def weights_of(network: keras.Model) -> dict[str, np.ndarray]:
    """Return the weights of a network."""
    return {weight.path: np.asarray(ops.convert_to_numpy(weight)) for weight in network.weights}


def set_weights(
    network: keras.Model, weights: Weights, batches: Sequence[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Set the weights of a network that is to be fitted.

    Args:
        network: of `network_to_fit`.
        weights: that have no `first_difference` from it.
        batches: of inputs and targets; the training photos.
    """
    for weight in network.weights:
        if weight.path in weights:
            weight.assign(weights[weight.path])
    pairs = [(network.get_layer(of), norm) for of, norm in _unfolded(network, weights)]
    biases = [weights[f"{layer.name}/bias"] for layer, _ in pairs]
    for (_, norm), bias in zip(pairs, biases, strict=True):
        _normalise(norm, bias, np.zeros_like(bias), np.ones_like(bias))
    if not pairs:
        return
    found = _moments(network, [layer for layer, _ in pairs], batches)
    for (_, norm), bias, (mean, variance) in zip(pairs, biases, found, strict=True):
        _normalise(norm, bias, mean, variance)


def is_folded(network: keras.Model, weights: Weights) -> bool:
    """Whether the weights are of the form that is served, and have to be restored for a network."""
    return any(True for _ in _unfolded(network, weights))


def first_difference(
    network: keras.Model, weights: Weights, backbone: Backbone | None = None
) -> str:
    """Say which layer is the first that keeps a network from starting with weights.

    Args:
        network: of `network_to_fit`.
        weights: of another network, there.
        backbone: that the network is on; its frozen layers have to be those there.

    Returns:
        A phrase such as `layer stage1: 3×3×32×64 there, 3×3×16×32 here`; empty if there is none.
    """
    restored = {f"{norm.name}/{name}" for _, norm in _unfolded(network, weights) for name in _NORM}
    expected = {f"{of}/bias" for of, _ in _unfolded(network, weights)}
    for weight in network.weights:
        layer, shape = weight.path.rpartition("/")[0], tuple(weight.shape)
        expected.add(weight.path)
        if weight.path in restored:
            continue
        if weight.path not in weights:
            return f"there is no layer {layer} there"
        there = weights[weight.path].shape
        if there != shape:
            return f"layer {layer}: {_shown(there)} there, {_shown(shape)} here"
    for weight in backbone.frozen.weights if backbone else ():
        expected.add(weight.path)
        value = weights.get(weight.path)
        if value is None or not np.array_equal(value, ops.convert_to_numpy(weight)):
            return f"layer {weight.path.rpartition('/')[0]}, which is frozen here, is another there"
    further = next((path for path in weights if path not in expected), None)
    return f"there is no layer {further.rpartition('/')[0]} here" if further else ""


_NORM = ("gamma", "beta", "moving_mean", "moving_variance")


def _unfolded(
    network: keras.Model, weights: Weights
) -> Iterator[tuple[str, layers.BatchNormalization]]:
    """Yield each normalisation that is folded in the weights, after the name of its layer."""
    for norm in network.layers:
        name = norm.name.removesuffix(NORM)
        folded = f"{norm.name}/gamma" not in weights and f"{name}/bias" in weights
        if norm.name.endswith(NORM) and folded:
            yield name, norm


def _normalise(
    norm: layers.BatchNormalization, bias: np.ndarray, mean: np.ndarray, variance: np.ndarray
) -> None:
    """Have a normalisation by these moments only add a bias."""
    norm.set_weights([np.sqrt(variance + norm.epsilon), bias + mean, mean, variance])


def _moments(
    network: keras.Model,
    measured: list[layers.Layer],
    batches: Sequence[tuple[np.ndarray, np.ndarray]],
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return mean and variance of each channel of layers' outputs, on some training photos."""
    outputs = [ops.cast(layer.output, "float32") for layer in measured]
    moments = [ops.moments(each, [*range(1, len(each.shape) - 1)]) for each in outputs]
    model = without_xla(keras.Model(network.input, moments))
    count = -(-_PHOTOS // len(batches[0][0]))
    found = [model.predict_on_batch(batches[index][0]) for index in range(min(count, len(batches)))]
    by_layer = [
        [np.concatenate(part).astype(np.float64) for part in zip(*each, strict=True)]
        for each in zip(*found, strict=True)
    ]
    return [
        (means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0))
        for means, variances in by_layer
    ]


def _shown(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
