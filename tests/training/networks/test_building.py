from dataclasses import replace

import keras
import numpy as np
import pytest
from scipy.special import softmax

from training.networks.building import network_to_fit, network_to_serve
from training.networks.flip_averaging import averages_flips
from training.networks.wide import WideNetwork
from training.recipe import Recipe
from training.recipes import RECIPES
from training.settings import BackboneNetwork

FROM_SCRATCH = [
    recipe for recipe in RECIPES.values() if not isinstance(recipe.network, BackboneNetwork)
]


def photos(recipe: Recipe, count: int = 3) -> np.ndarray:
    """Return noise, each photo brighter than the previous one."""
    noise = np.random.default_rng(0).integers(0, 80, (count, *recipe.shape), np.uint8)
    return noise + np.linspace(0, 175, count).astype(np.uint8)[:, None, None, None]


def narrowed(recipe: Recipe) -> Recipe:
    """Return the recipe with a network that is fast on a CPU."""
    if not isinstance(recipe.network, WideNetwork):
        return recipe
    return replace(recipe, network=replace(recipe.network, stage_blocks=2, width=1))


def randomize_normalisation(network: keras.Model) -> None:
    """Give a network's normalisation layers random weights, as if it had been fitted."""
    random = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.gamma.shape
            gamma, variance = random.uniform(0.5, 2, shape), random.uniform(0.5, 2, shape)
            beta, mean = random.normal(0, 0.5, shape), random.normal(0, 0.5, shape)
            layer.set_weights([gamma, beta, mean, variance])


@pytest.mark.parametrize("recipe", FROM_SCRATCH, ids=lambda recipe: recipe.name)
def test_the_served_network_predicts_like_the_fitted_one(recipe: Recipe) -> None:
    keras.utils.set_random_seed(0)
    recipe = replace(narrowed(recipe), precision="float32")
    fitted = network_to_fit(recipe, 4)
    randomize_normalisation(fitted)

    served = network_to_serve(recipe, fitted)

    expected = fitted.predict_on_batch(photos(recipe))
    if averages_flips(served):
        of_mirrored = fitted.predict_on_batch(photos(recipe)[:, :, ::-1])
        expected = softmax(np.log([expected, of_mirrored]).mean(axis=0), axis=1)
    found = served.predict_on_batch(photos(recipe))
    assert np.ptp(expected, axis=0).max() > 1e-3
    assert np.allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("recipe", FROM_SCRATCH, ids=lambda recipe: recipe.name)
def test_outputs_are_probabilities_in_float32(recipe: Recipe) -> None:
    recipe = narrowed(recipe)
    fitted = network_to_fit(recipe, 2)

    for network in (fitted, network_to_serve(recipe, fitted)):
        probabilities = network.predict_on_batch(photos(recipe))
        assert (probabilities.shape, probabilities.dtype) == ((3, 2), np.float32)
        assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_fitting_computes_in_the_recipes_precision_and_serving_in_float32() -> None:
    recipe = replace(RECIPES["clothing-cnn"], precision="mixed_bfloat16")

    fitted = network_to_fit(recipe, 10)
    served = network_to_serve(recipe, fitted)

    assert fitted.get_layer("stage0").compute_dtype == "bfloat16"
    assert {layer.compute_dtype for layer in served.layers} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"


def test_a_recipe_with_a_fit_size_fits_another_size_than_it_serves() -> None:
    recipe = RECIPES["cats-dogs-cnn"]
    fitted = network_to_fit(recipe, 2)

    assert fitted.predict_on_batch(np.zeros((1, 64, 64, 3), np.uint8)).shape == (1, 2)
    assert network_to_serve(recipe, fitted).input_shape == (None, 150, 150, 3)


@pytest.mark.parametrize(
    ("name", "max_bytes"),
    [("clothing-cnn", 1_200_000), ("clothing-starter", 1_200_000), ("cats-dogs-cnn", 4_000_000)],
)
def test_the_starter_models_are_small(name: str, max_bytes: int) -> None:
    recipe = RECIPES[name]
    served = network_to_serve(recipe, network_to_fit(recipe, 10))

    assert 4 * served.count_params() < max_bytes
