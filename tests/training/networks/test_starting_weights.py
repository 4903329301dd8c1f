"""Networks that start with the weights of others."""

from dataclasses import replace
from typing import Any

import keras
import numpy as np
import pytest

from tests.training.backbones import backbone_of, tiny
from tests.training.networks.test_building import photos, randomize_normalisation
from training.networks.building import network_to_fit, network_to_serve
from training.networks.residual import ResidualNetwork
from training.networks.starting_weights import (
    first_difference,
    is_folded,
    set_weights,
    weights_of,
)
from training.networks.wide import WideNetwork
from training.recipe import Recipe
from training.recipes import RECIPES
from training.settings import FineTuning

Batches = list[tuple[np.ndarray, np.ndarray]]

NETWORK = ResidualNetwork((4,), (2,), (4, 8), (1, 2), (1, 1), dropout=0.0)
RESIDUAL = replace(RECIPES["clothing-cnn"], precision="float32", network=NETWORK)
WIDE = replace(RESIDUAL, network=WideNetwork(stage_blocks=1, width=1))
DENSE = RECIPES["clothing-dense128-adam"]


def batches(recipe: Recipe) -> Batches:
    found = photos(recipe, 32)
    return [(found[:16], np.zeros(16)), (found[16:], np.zeros(16))]


def other(recipe: Recipe, classes: int = 4) -> keras.Model:
    """Return a network with other weights than a new one has, as if it had been fitted."""
    keras.utils.set_random_seed(7)
    network = network_to_fit(recipe, classes)
    randomize_normalisation(network)
    return network


@pytest.mark.parametrize("recipe", [RESIDUAL, WIDE, DENSE], ids=lambda recipe: recipe.name)
@pytest.mark.parametrize("served", [False, True])
def test_a_network_computes_what_the_other_one_does(recipe: Recipe, served: bool) -> None:
    fitted = other(recipe)
    weights = weights_of(network_to_serve(recipe, fitted) if served else fitted)
    network = network_to_fit(recipe, 4)
    assert not first_difference(network, weights)

    set_weights(network, weights, batches(recipe))

    assert is_folded(network, weights) == (served and recipe is not DENSE)
    expected = fitted.predict_on_batch(photos(recipe, 8))
    assert np.ptp(expected, axis=0).max() > 1e-3
    assert np.allclose(network.predict_on_batch(photos(recipe, 8)), expected, atol=1e-5)
    if not served:
        for one, same in zip(network.get_weights(), fitted.get_weights(), strict=True):
            assert np.array_equal(one, same)


def test_so_it_does_when_it_normalises_by_the_moments_of_a_batch() -> None:
    """Otherwise the first step of fitting would spoil it."""
    served = network_to_serve(RESIDUAL, other(RESIDUAL))
    network, all_photos = network_to_fit(RESIDUAL, 4), photos(RESIDUAL, 32)

    set_weights(network, weights_of(served), [(all_photos, np.zeros(32))])

    found = np.asarray(network(all_photos, training=True))
    assert np.allclose(found, served.predict_on_batch(all_photos), atol=1e-4)


@pytest.mark.parametrize(
    ("changed", "difference"),
    [
        ({"stages": (4, 16)}, "layer stage1: 3×3×4×8 there, 3×3×4×16 here"),
        ({"blocks": (1, 2)}, "there is no layer stage1_block1_first there"),
        ({"blocks": (1, 0)}, "there is no layer stage1_block0_first here"),
    ],
)
@pytest.mark.parametrize("served", [False, True])
def test_the_first_difference_is_named(
    changed: dict[str, Any], difference: str, served: bool
) -> None:
    fitted = other(RESIDUAL)
    weights = weights_of(network_to_serve(RESIDUAL, fitted) if served else fitted)
    recipe = replace(RESIDUAL, network=replace(NETWORK, **changed))

    assert first_difference(network_to_fit(recipe, 4), weights) == difference


def test_another_kind_of_network_is_a_difference() -> None:
    weights = weights_of(network_to_serve(RESIDUAL, other(RESIDUAL)))

    found = first_difference(network_to_fit(DENSE, 4), weights)

    assert found == "there is no layer hidden there"


@pytest.mark.parametrize("fine_tuning", [None, FineTuning(after="conv_pw_1_relu")])
def test_a_head_needs_the_same_frozen_layers(fine_tuning: FineTuning | None) -> None:
    recipe = tiny(fine_tuning)
    backbone, another = backbone_of(recipe), backbone_of(replace(recipe, seed=2))
    fitted = network_to_fit(recipe, 3, backbone)
    weights = weights_of(network_to_serve(recipe, fitted, backbone))
    network = network_to_fit(replace(recipe, seed=2), 3, another)

    assert not first_difference(network, weights, backbone)
    found = first_difference(network, weights, another)
    assert found == "layer conv1, which is frozen here, is another there"

    set_weights(network, weights, [])
    for one, same in zip(network.get_weights(), fitted.get_weights(), strict=True):
        assert np.array_equal(one, same)
