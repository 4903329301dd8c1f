"""The activations of networks of every kind."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from keras import layers
from scipy.special import softmax

from tests.training.backbones import tiny
from training.networks.backbone import fitted_part
from training.networks.building import network_to_fit, network_to_serve
from training.networks.dense import DenseNetwork
from training.networks.patch import PatchNetwork
from training.networks.wide import WideNetwork
from training.recipe import Recipe
from training.recipes import RECIPES
from training.settings import FineTuning
from training.trust.activations import (
    activation_model,
    compute_activations,
    logit_weights,
)

GRAY = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), np.uint8)
COLOUR = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), np.uint8)

CLOTHING = RECIPES["clothing-cnn"]
SMALL = {
    "dense": (replace(CLOTHING, network=DenseNetwork(units=8)), 8),
    "patch": (replace(CLOTHING, network=PatchNetwork(side=7, channels=3, units=8)), 3 + 8),
    "wide": (replace(CLOTHING, network=WideNetwork(stage_blocks=1, width=1)), None),
    "average": (tiny(), 32 + 8),
    "flatten": (tiny(pooling="flatten"), 32 + 8),
    "no hidden layer": (tiny(units=0), 32),
    "sigmoid": (tiny(output="sigmoid"), 32 + 8),
    "fine-tuned": (tiny(FineTuning(after="conv_pw_1_relu")), 32 + 8),
}


@pytest.mark.parametrize("kind", SMALL)
def test_every_kind_of_network_has_activations_that_explain_its_probabilities(kind: str) -> None:
    recipe, features = SMALL[kind]
    photos = GRAY if recipe.shape[2] == 1 else COLOUR
    network = network_to_serve(recipe, network_to_fit(recipe, 2))

    seen = compute_activations(activation_model(network), photos)

    expected = network.predict_on_batch(photos)
    assert np.abs(seen.probabilities - expected).max() < 1e-6
    kernel, bias = logit_weights(network)
    assert np.abs(softmax(seen.last @ kernel + bias, axis=1) - expected).max() < 1e-5
    if features:
        assert seen.layers.shape == (5, features)
    assert np.isfinite(seen.layers).all()


def test_the_activations_of_each_layer_have_length_one(tiny_recipe: Recipe) -> None:
    network = network_to_serve(tiny_recipe, network_to_fit(tiny_recipe, 10))

    seen = compute_activations(activation_model(network), GRAY)

    # The stem, and for both stages the first convolution, the inside and the end of the block.
    sides = np.cumsum([4, 4, 4, 4, 8, 8])
    for part in np.split(seen.layers, sides, axis=1):
        assert np.linalg.norm(part, axis=1) == pytest.approx(1, abs=1e-4)


def test_a_head_has_the_same_activations_on_features_as_the_whole_on_photos() -> None:
    recipe = tiny()
    network = network_to_serve(recipe, network_to_fit(recipe, 2))
    features = network.get_layer("backbone").predict_on_batch(COLOUR)

    whole = compute_activations(activation_model(network), COLOUR)
    head = compute_activations(activation_model(fitted_part(network)), features)

    for name in ("layers", "last", "probabilities"):
        assert np.abs(whole.tensors[name] - head.tensors[name]).max() < 1e-5


@pytest.mark.parametrize("kind", ["average", "flatten", "fine-tuned"])
def test_a_backbone_is_seen_by_the_root_of_its_mean_square(kind: str) -> None:
    recipe, _ = SMALL[kind]
    network = network_to_serve(recipe, network_to_fit(recipe, 2))
    head, features = network.get_layer("head"), network.get_layer("backbone")(COLOUR)

    seen = compute_activations(activation_model(network), COLOUR).layers

    if kind == "average":
        squares = np.asarray(features)[:, 1]
    else:
        upper = head.get_layer("upper") if kind == "fine-tuned" else lambda unchanged: unchanged
        squares = np.square(np.asarray(upper(features))).mean(axis=(1, 2))
    lengths = np.sqrt(squares.sum(axis=1, keepdims=True))
    assert seen[:, : squares.shape[1]] == pytest.approx(np.sqrt(squares) / lengths, abs=1e-5)


@pytest.mark.parametrize("hidden", ["linear", "gelu"])
def test_a_network_without_relu_gives_the_input_of_its_last_layer(hidden: str) -> None:
    image = keras.Input((28, 28, 1))
    inner = layers.Dense(6, activation=hidden)(layers.Flatten()(image))
    last = layers.Dense(3, activation="softmax", use_bias=False, name="probabilities")
    network = keras.Model(image, last(inner))

    seen = compute_activations(activation_model(network), GRAY / np.float32(255))

    lengths = np.linalg.norm(seen.last, axis=1, keepdims=True)
    assert seen.layers == pytest.approx(seen.last / lengths, abs=1e-5)
    kernel, bias = logit_weights(network)
    assert (bias == np.zeros(3)).all()
    assert softmax(seen.last @ kernel + bias, axis=1) == pytest.approx(seen.probabilities, abs=1e-5)
