"""A network whose answer is the same for a photo and for its mirror image."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.conftest import CommandLine
from training.networks.building import network_to_fit, network_to_serve
from training.networks.description import describe
from training.networks.residual import ResidualNetwork
from training.publishing.explanation import explanation
from training.recipe import Recipe
from training.trust.activations import activation_model, compute_activations

NETWORK = ResidualNetwork((4,), (1,), (4, 8), (2, 2), (1, 1))
AVERAGED = replace(NETWORK, flip_averaging=True)


@pytest.fixture
def photos() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), np.uint8)


@pytest.fixture
def networks(tiny_recipe: Recipe) -> tuple[keras.Model, keras.Model]:
    """Return a network as it is served, without and with averaging, with the same weights."""
    keras.utils.set_random_seed(1)
    plain, averaged = (replace(tiny_recipe, network=each) for each in (NETWORK, AVERAGED))
    fitted = network_to_fit(averaged, 3)
    return network_to_serve(plain, fitted), network_to_serve(averaged, fitted)


def mirrored(photos: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(photos[:, :, ::-1])


def test_the_logits_of_a_photo_and_of_its_mirror_image_are_averaged(
    networks: tuple[keras.Model, keras.Model], photos: np.ndarray
) -> None:
    plain, averaged = networks
    logs = np.mean([np.log(plain(each)) for each in (photos, mirrored(photos))], axis=0)
    expected = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)

    np.testing.assert_allclose(averaged(photos), expected, atol=1e-5)
    np.testing.assert_allclose(averaged(photos[:1]), expected[:1], atol=1e-5)
    assert np.abs(plain(photos) - plain(mirrored(photos))).max() > 1e-4


def test_recognition_sees_the_same_in_both(
    networks: tuple[keras.Model, keras.Model], photos: np.ndarray
) -> None:
    plain, averaged = map(activation_model, networks)
    found, of_mirrored = (
        compute_activations(averaged, each) for each in (photos, mirrored(photos))
    )

    lengths = np.linalg.norm(compute_activations(plain, photos).layers, axis=1)
    np.testing.assert_allclose(np.linalg.norm(found.layers, axis=1), lengths, rtol=1e-4)
    np.testing.assert_allclose(found.layers, of_mirrored.layers, atol=1e-6)
    np.testing.assert_allclose(found.probabilities, networks[1](photos), atol=1e-6)


def test_the_heat_map_of_a_mirrored_photo_is_mirrored(
    networks: tuple[keras.Model, keras.Model], photos: np.ndarray
) -> None:
    explain = explanation(networks[1], "garment/2")
    heat, of_mirrored = (
        explain(tf.constant(each))["heat"].numpy() for each in (photos, mirrored(photos))
    )

    assert heat.shape == explanation(networks[0], "garment/2")(tf.constant(photos))["heat"].shape
    np.testing.assert_allclose(heat, of_mirrored[:, :, ::-1], atol=1e-5)
    assert np.abs(heat - of_mirrored).max() > 0.1


def test_its_parameters_count_once_and_its_operations_twice(tiny_recipe: Recipe) -> None:
    plain, averaged = (
        describe(replace(tiny_recipe, network=each), 3) for each in (NETWORK, AVERAGED)
    )

    assert averaged.parameters == plain.parameters
    last = plain.layers[-1].multiply_adds
    assert averaged.multiply_adds == 2 * (plain.multiply_adds - last) + last


def test_a_published_model_answers_the_same_for_both(
    train: CommandLine, photos: np.ndarray
) -> None:
    settings = ("network.flip_averaging=true", "epochs=2", "held_out=0.3")
    assert train(*(word for each in settings for word in ("--set", each))) == 0

    signatures = tf.saved_model.load("models/clothing/1").signatures
    outputs, of_mirrored = (
        signatures["serving_default"](image=tf.constant(each))
        for each in (photos, mirrored(photos))
    )
    probabilities = outputs["probabilities"].numpy()
    np.testing.assert_allclose(probabilities, of_mirrored["probabilities"], atol=1e-5)
    heat, heat_of_mirrored = (
        signatures["explain"](image=tf.constant(each))["heat"].numpy()
        for each in (photos, mirrored(photos))
    )
    np.testing.assert_allclose(heat, heat_of_mirrored[:, :, ::-1], atol=1e-4)
