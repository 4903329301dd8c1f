"""Keras networks from their description in a recipe, as they are fitted and as they are served.

Every network takes uint8 pixels as they are: scaling is part of the graph. What is served has the
batch normalisation of what was fitted folded into its convolutions: the same function with fewer
variables and less to compute.
"""

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import keras
import numpy as np
from keras import layers

from training.recipe import DenseNetwork, Network, Recipe, ResidualNetwork

Tensor = Any  # Keras's symbolic tensor, whatever the backend.


def network_to_fit(recipe: Recipe, classes: int) -> keras.Model:
    """Build a recipe's network in its precision, for photos of its fit size.

    Args:
        recipe: describes the architecture.
        classes: columns of the output.

    Returns:
        A model with fresh weights, from uint8 `[batch, height, width, channels]` to float32
        `[batch, classes]`, each row summing to 1.
    """
    shape = (None, None, recipe.shape[2]) if recipe.fit_size else recipe.shape
    return _build(recipe, shape, classes, precision=recipe.precision, folded=False)


def network_to_serve(recipe: Recipe, fitted: keras.Model) -> keras.Model:
    """Build a recipe's network in float32 for the recipe's shape, with the weights of a fitted one.

    Args:
        recipe: the same that `fitted` was built from.
        fitted: from `network_to_fit`.

    Returns:
        A model of the same inputs and outputs, which says the same but for rounding.
    """
    classes = fitted.output_shape[-1]
    served = _build(recipe, recipe.shape, classes, precision="float32", folded=True)
    norms = {layer.name: layer for layer in fitted.layers if layer.name.endswith(_NORM)}
    for layer in (layer for layer in served.layers if layer.weights):
        weights = fitted.get_layer(layer.name).get_weights()
        norm = norms.get(layer.name + _NORM)
        layer.set_weights(_folded(weights[0], norm) if norm else weights)
    return served


_NORM = "_norm"


def _folded(kernel: np.ndarray, norm: layers.BatchNormalization) -> list[np.ndarray]:
    """Return the kernel and bias of a convolution that does a normalisation's work too."""
    gamma, beta, mean, variance = norm.get_weights()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return [kernel * scale, beta - mean * scale]


def _build(
    recipe: Recipe, shape: tuple[int | None, ...], classes: int, *, precision: str, folded: bool
) -> keras.Model:
    """Build a network whose layers compute in `precision`, all but the softmax, always float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        image = keras.Input(shape, dtype="uint8", name="image")
        features = _features(recipe.network, image, folded)
        head = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")
        return keras.Model(image, head(features), name=recipe.model.replace("-", "_"))
    finally:
        keras.config.set_dtype_policy(before)


@singledispatch
def _features(network: Network, image: Tensor, folded: bool) -> Tensor:
    raise TypeError(f"no builder for {type(network).__name__}")


@_features.register
def _dense_features(network: DenseNetwork, image: Tensor, folded: bool) -> Tensor:
    scaled = layers.Rescaling(1 / 255, name="scale")(image)
    flat = layers.Flatten(name="flatten")(scaled)
    return layers.Dense(network.units, activation="relu", name="hidden")(flat)


@_features.register
def _residual_features(network: ResidualNetwork, image: Tensor, folded: bool) -> Tensor:
    convolution = _Convolution(folded)
    hidden = layers.Rescaling(1 / 127.5, offset=-1, name="scale")(image)
    stem = zip(network.stem, network.stem_strides, strict=True)
    for place, (channels, stride) in enumerate(stem):
        hidden = layers.ReLU()(convolution(hidden, channels, stride, f"stem{place}"))
    stages = zip(network.stages, network.stage_strides, network.blocks, strict=True)
    for stage, (channels, stride, blocks) in enumerate(stages):
        hidden = layers.ReLU()(convolution(hidden, channels, stride, f"stage{stage}"))
        for block in range(blocks):
            name = f"stage{stage}_block{block}"
            inner = layers.ReLU()(convolution(hidden, channels, 1, f"{name}_first"))
            inner = convolution(inner, channels, 1, f"{name}_second")
            hidden = layers.ReLU()(layers.Add()([hidden, inner]))
    pooled = layers.GlobalAveragePooling2D(name="pool")(hidden)
    return layers.Dropout(network.dropout, name="dropout")(pooled)


@dataclass(frozen=True)
class _Convolution:
    """Convolves 3×3 and normalises, in two layers, or in one where that is folded."""

    folded: bool

    def __call__(self, hidden: Tensor, channels: int, stride: int, name: str) -> Tensor:
        convolution = layers.Conv2D(
            channels, 3, strides=stride, padding="same", use_bias=self.folded, name=name
        )
        if self.folded:
            return convolution(hidden)
        # Averages that follow within some ten steps suit short runs.
        return layers.BatchNormalization(momentum=0.9, name=name + _NORM)(convolution(hidden))
