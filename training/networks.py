"""Keras networks from their description in a recipe.

Every network takes uint8 pixels as they are: normalisation is part of the graph.
"""

from functools import singledispatch
from typing import Any

import keras
from keras import layers

from training.recipe import DenseNetwork, Network, Recipe, ResidualNetwork

Tensor = Any  # Keras's symbolic tensor, whatever the backend.


def build_network(recipe: Recipe, classes: int) -> keras.Model:
    """Build a recipe's network as it is served: float32, for the recipe's shape.

    Args:
        recipe: names the architecture and the input's shape.
        classes: columns of the output.

    Returns:
        A model with fresh weights, from uint8 `[batch, height, width, channels]` to float32
        `[batch, classes]`, each row summing to 1.
    """
    return _build(recipe, classes, recipe.shape, "float32")


def build_for_fitting(recipe: Recipe, classes: int) -> keras.Model:
    """Build a recipe's network as it is fitted: in its precision, for photos of its fit size.

    Its weights have the shapes of those of `build_network`. The softmax is float32 in any case.
    """
    shape = (None, None, recipe.shape[2]) if recipe.fit_size else recipe.shape
    return _build(recipe, classes, shape, recipe.precision)


def _build(
    recipe: Recipe, classes: int, shape: tuple[int | None, ...], precision: str
) -> keras.Model:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        image = keras.Input(shape, dtype="uint8", name="image")
        features = _features(recipe.network, image)
        head = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")
        return keras.Model(image, head(features), name=recipe.name.replace("-", "_"))
    finally:
        keras.config.set_dtype_policy(before)


@singledispatch
def _features(network: Network, image: Tensor) -> Tensor:
    raise TypeError(f"no builder for {type(network).__name__}")


@_features.register
def _dense_features(network: DenseNetwork, image: Tensor) -> Tensor:
    flat = layers.Flatten()(layers.Rescaling(1 / 255)(image))
    return layers.Dense(network.units, activation="relu")(flat)


@_features.register
def _residual_features(network: ResidualNetwork, image: Tensor) -> Tensor:
    hidden = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for channels, stride in zip(network.stem, network.stem_strides, strict=True):
        hidden = _activated(hidden, channels, stride)
    stages = zip(network.stages, network.stage_strides, network.blocks, strict=True)
    for channels, stride, blocks in stages:
        hidden = _activated(hidden, channels, stride)
        for _ in range(blocks):
            hidden = _residual_block(hidden, channels)
    pooled = layers.GlobalAveragePooling2D()(hidden)
    return layers.Dropout(network.dropout)(pooled)


def _residual_block(hidden: Tensor, channels: int) -> Tensor:
    inner = _normalised(_activated(hidden, channels, 1), channels, 1)
    return layers.ReLU()(layers.Add()([hidden, inner]))


def _activated(hidden: Tensor, channels: int, stride: int) -> Tensor:
    return layers.ReLU()(_normalised(hidden, channels, stride))


def _normalised(hidden: Tensor, channels: int, stride: int) -> Tensor:
    """Convolve 3×3 and normalise; the averages follow in some ten steps, for short runs."""
    convolved = layers.Conv2D(channels, 3, strides=stride, padding="same", use_bias=False)(hidden)
    return layers.BatchNormalization(momentum=0.9)(convolved)
