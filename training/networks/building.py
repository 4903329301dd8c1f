"""Whole models: input, the features of a recipe's network, the softmax; as fitted and as served."""

import keras
import numpy as np
from keras import layers

from training.networks.backbone import Backbone, backbone_to_serve, head_to_fit, untrained_backbone
from training.networks.convolution import NORM
from training.recipe import Recipe
from training.settings import BackboneNetwork, Network


def network_to_fit(recipe: Recipe, classes: int, backbone: Backbone | None = None) -> keras.Model:
    """Build a recipe's network in its precision, for photos of its fit size.

    Args:
        recipe: describes the architecture.
        classes: columns of the output.
        backbone: the recipe's, with its weights, where it has one; None: a random one.

    Returns:
        A model with fresh weights, from uint8 `[batch, height, width, channels]` to float32
        `[batch, classes]`, each row summing to 1. On a backbone: from the features of photos.
    """
    if isinstance(recipe.network, BackboneNetwork):
        backbone = backbone or untrained_backbone(recipe)
        return head_to_fit(recipe, classes, backbone, recipe.precision)
    return _build(recipe, recipe.network, classes, folded=False)


def network_to_serve(
    recipe: Recipe, fitted: keras.Model, backbone: Backbone | None = None
) -> keras.Model:
    """Build a recipe's network in float32 for the recipe's shape, with the weights of a fitted one.

    Args:
        recipe: the same that `fitted` was built from.
        fitted: from `network_to_fit`.
        backbone: the one that `fitted` was built with.

    Returns:
        A model from photos to the same outputs, equal but for rounding.
    """
    if isinstance(recipe.network, BackboneNetwork):
        return backbone_to_serve(recipe, fitted, backbone or untrained_backbone(recipe))
    served = _build(recipe, recipe.network, fitted.output_shape[-1], folded=True)
    norms = {layer.name: layer for layer in fitted.layers if layer.name.endswith(NORM)}
    for layer in (layer for layer in served.layers if layer.weights):
        weights = fitted.get_layer(layer.name).get_weights()
        norm = norms.get(layer.name + NORM)
        layer.set_weights(_folded(weights[0], norm) if norm else weights)
    return served


def _folded(kernel: np.ndarray, norm: layers.BatchNormalization) -> list[np.ndarray]:
    """Return the kernel and bias of a convolution that does a normalisation's work too."""
    gamma, beta, mean, variance = norm.get_weights()
    scale = gamma / np.sqrt(variance + norm.epsilon)
    return [kernel * scale, beta - mean * scale]


def _build(recipe: Recipe, network: Network, classes: int, *, folded: bool) -> keras.Model:
    """Build a recipe's network as it is fitted, or folded, as it is served."""
    any_size = recipe.fit_size and not folded
    shape = (None, None, recipe.shape[2]) if any_size else recipe.shape
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float32" if folded else recipe.precision)
    try:
        image = keras.Input(shape, dtype="uint8", name="image")
        features = network.features(image, folded)
        head = layers.Dense(classes, activation="softmax", dtype="float32", name="probabilities")
        return keras.Model(image, head(features), name=recipe.model.replace("-", "_"))
    finally:
        keras.config.set_dtype_policy(before)
