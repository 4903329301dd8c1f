"""Temperature scaling of logits whose temperature is known."""

import keras
import numpy as np
import pytest
from scipy.special import softmax

from tests.training.backbones import tiny
from training.networks.building import network_to_fit, network_to_serve
from training.recipe import Recipe
from training.trust.activations import last_layer, logit_weights
from training.trust.calibration import calibrate, calibration_figures, fitted_temperature


def drawn(photos: int, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Return logits scaled by the temperature, and classes drawn from the unscaled ones."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (photos, 4))
    shares = softmax(logits, axis=1).cumsum(axis=1)
    classes = (random.random((photos, 1)) > shares).sum(axis=1)
    return logits * temperature, np.minimum(classes, 3)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_the_temperature_of_the_logits_is_found(temperature: float) -> None:
    logits, classes = drawn(20_000, temperature)

    assert fitted_temperature(logits, classes) == pytest.approx(temperature, rel=0.05)


def test_logits_that_are_never_wrong_do_not_make_a_network_certain_of_everything() -> None:
    assert fitted_temperature(np.eye(3) * 5, np.arange(3)) == 1
    with_a_mistake = np.vstack([np.eye(3) * 5, [0, 1, 0]])
    assert 0.02 < fitted_temperature(with_a_mistake, np.array([0, 1, 2, 0])) != 1


def test_calibrated_probabilities_have_smaller_errors() -> None:
    logits, classes = drawn(20_000, 3.0)
    temperature = fitted_temperature(logits, classes)

    before = calibration_figures(softmax(logits, axis=1), classes)
    after = calibration_figures(softmax(logits / temperature, axis=1), classes)

    assert before["ece"] > 0.1
    assert after["ece"] < 0.02
    for name in ("brier", "loss"):
        assert after[name] < before[name]


def test_the_figures_match_their_definitions() -> None:
    probabilities = np.array([[0.9, 0.1], [0.9, 0.1], [0.35, 0.65], [1.0, 0.0]], np.float32)
    classes = np.array([0, 1, 1, 0])

    found = calibration_figures(probabilities, classes)

    # Two photos at 0.9, one of them right; one at 0.65 and one at 1.0, both right.
    assert found["ece"] == pytest.approx((2 * 0.4 + 0.35 + 0.0) / 4, abs=1e-6)
    assert found["brier"] == pytest.approx((0.02 + 1.62 + 0.245 + 0) / 4, abs=1e-6)
    assert found["loss"] == pytest.approx(-np.log([0.9, 0.1, 0.65, 1.0]).mean(), abs=1e-6)
    bins = {round(each["to"] * 15): each for each in found["reliability"]}
    assert {index: each["photos"] for index, each in bins.items()} == {10: 1, 14: 2, 15: 1}
    assert bins[14]["accuracy"] == pytest.approx(0.5)
    assert bins[14]["confidence"] == pytest.approx(0.9)


def served(recipe: Recipe, classes: int) -> keras.Model:
    return network_to_serve(recipe, network_to_fit(recipe, classes))


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_the_logits_of_either_kind_of_head_are_divided_by_the_temperature(output: str) -> None:
    network = served(tiny(output=output), 2)
    kernel, bias = last_layer(network).get_weights()
    last_layer(network).set_weights([kernel, bias + np.linspace(0.5, 1, len(bias))])
    photos = np.random.default_rng(1).integers(0, 256, (6, 32, 32, 3), np.uint8)
    before = network.predict_on_batch(photos)

    calibrate(network, 0.25)

    expected = softmax(np.log(before.astype(np.float64)) / 0.25, axis=1)
    assert np.abs(network.predict_on_batch(photos) - expected).max() < 1e-5
    assert np.abs(before - expected).max() > 1e-3


def test_a_sigmoid_head_has_the_logits_of_two_classes() -> None:
    kernel, bias = logit_weights(served(tiny(output="sigmoid"), 2))

    assert kernel.shape == (8, 2)
    assert bias.shape == (2,)
    assert not kernel[:, 0].any()
    assert kernel[:, 1].any()
