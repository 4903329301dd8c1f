"""Temperatures by distance, for photos whose distance says how sure a network should be."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from tests.training.backbones import tiny
from training.data.datasets import Split
from training.networks.building import network_to_fit, network_to_serve
from training.recipe import Recipe
from training.trust.activations import activation_model, compute_activations, last_layer
from training.trust.calibration import calibration_figures, uncalibrated
from training.trust.distance_temperature import (
    DistanceTemperature,
    Slope,
    fitted_slope,
    recorded_slope,
)
from training.trust.recognition_threshold import fit_scores, recognizer_of

SLOPE = Slope(0.3, 2.0, 1.0, 5.0)


def drawn(photos: int, rise: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return logits, classes and distances, where the temperature is exp(rise · (distance - 2))."""
    random = np.random.default_rng(3)
    logits, distances = random.normal(0, 2, (photos, 4)), random.uniform(1, 6, photos)
    shares = softmax(logits, axis=1).cumsum(axis=1)
    classes = np.minimum((random.random((photos, 1)) > shares).sum(axis=1), 3)
    return logits * np.exp(rise * (distances - 2))[:, None], classes, distances


def test_a_temperature_that_rises_with_the_distance_is_found() -> None:
    logits, classes, distances = drawn(8_000, 0.4)

    found = fitted_slope(logits, classes, distances, np.ones(8_000))

    assert found.slope is not None
    assert found.slope.slope == pytest.approx(0.4, rel=0.1)
    assert found.slope.centre == pytest.approx(2, abs=0.2)
    assert found.loss < found.loss_before
    probabilities = softmax(logits / found.slope.temperatures(distances)[:, None], axis=1)
    assert calibration_figures(probabilities, classes)["ece"] < 0.02
    logs = log_softmax(logits / found.slope.temperatures(distances)[:, None], axis=1)
    assert found.loss == pytest.approx(-logs[np.arange(8_000), classes].mean(), abs=0.01)


@pytest.mark.parametrize(("photos", "rise"), [(20, 0.0), (2_000, 0.0), (2_000, -0.4), (1, 0.4)])
def test_without_evidence_all_photos_have_one_temperature(photos: int, rise: float) -> None:
    logits, classes, distances = drawn(photos, rise)

    found = fitted_slope(logits, classes, distances, np.ones(photos))

    assert found.slope is None
    assert found.record()["slope"] is None


def test_photos_that_are_never_wrong_or_equally_far_say_nothing() -> None:
    logits, classes, distances = drawn(300, 0.4)
    ones = np.ones(300)

    assert fitted_slope(logits, logits.argmax(axis=1), distances, ones).slope is None
    assert fitted_slope(logits, classes, np.full(300, 2.0), ones).slope is None


def test_few_photos_that_count_more_are_enough() -> None:
    far, classes, _ = drawn(300, 0.0)
    near, right, _ = drawn(3_000, 0.0)
    logits = np.concatenate([near, 4 * far])
    both = np.concatenate([right, classes])
    distances = np.repeat([1.0, 3.0], [3_000, 300])
    distances += np.random.default_rng(0).normal(0, 0.2, 3_300)

    def temperatures(weight: float) -> np.ndarray:
        found = fitted_slope(logits, both, distances, np.repeat([1.0, weight], [3_000, 300]))
        assert found.slope is not None
        return found.slope.temperatures(np.array([1.0, 3.0]))

    assert temperatures(2.5) == pytest.approx([1, 4], rel=0.2)


def shifted(own_factor: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return 3,000 photos of a data set, then 60 own ones with larger distances and logits."""
    near, right, _ = drawn(3_000, 0.0)
    far, classes, _ = drawn(60, 0.0)
    distances = np.repeat([1.0, 3.0], [3_000, 60])
    distances += np.random.default_rng(0).normal(0, 0.2, 3_060)
    return np.concatenate([near, own_factor * far]), np.concatenate([right, classes]), distances


@pytest.mark.parametrize(("own_factor", "used"), [(1.7, True), (0.3, False)])
def test_with_own_photos_only_clear_harm_prevents_it(own_factor: float, used: bool) -> None:
    logits, classes, distances = shifted(own_factor)
    weights = np.repeat([1.0, 10.0], [3_000, 60])

    assert (fitted_slope(logits, classes, distances, weights, own=60).slope is not None) is used
    assert fitted_slope(logits, classes, distances, weights).slope is None, "no clear gain"


def test_distances_beyond_those_known_change_nothing_further() -> None:
    assert SLOPE.temperatures(np.array([2.0, 5.0, 99.0, 1.0, -7.0])) == pytest.approx(
        np.exp([0, 0.9, 0.9, -0.3, -0.3])
    )


@pytest.fixture(params=["softmax", "sigmoid", "dense"])
def network(request: pytest.FixtureRequest, tiny_recipe: Recipe) -> keras.Model:
    recipe = tiny_recipe if request.param == "dense" else tiny(output=request.param)
    return network_to_serve(recipe, network_to_fit(recipe, 2))


def test_the_graph_divides_the_logits_of_each_photo_and_keeps_the_order(
    network: keras.Model,
) -> None:
    photos = np.random.default_rng(0).integers(0, 256, (40, *network.input_shape[1:]), np.uint8)
    last_layer(network).set_weights([5 * each for each in last_layer(network).get_weights()])
    model = activation_model(network)
    known = compute_activations(model, photos)
    scores = fit_scores(network, model, Split(photos, np.arange(40) % 2), known)
    distances = -scores.values(known)["distance"]
    spread = float(np.ptp(distances))
    slope = Slope(3 / spread, float(distances.min()), float(distances.min()), 1e3)
    by_distance = DistanceTemperature(network, scores.scores["distance"], slope)
    recognizer = recognizer_of(network, scores.scores["probability"], 0.7, photos, by_distance)

    found = {name: np.asarray(values) for name, values in recognizer(photos).items()}

    before = network.predict_on_batch(photos)
    temperatures = by_distance.temperatures(known)
    assert temperatures.max() > 2
    expected = softmax(np.log(before.astype(np.float64)) / temperatures[:, None], axis=1)
    assert np.abs(found["probabilities"] - expected).max() < 1e-4
    assert np.array_equal(found["probabilities"].argmax(axis=1), before.argmax(axis=1))
    assert np.array_equal(found["recognized"], found["probabilities"].max(axis=1) >= 0.7)
    in_memory = compute_activations(recognizer.activations, photos).probabilities
    assert np.allclose(in_memory, found["probabilities"], atol=1e-6)
    assert np.allclose(by_distance.applied(known).probabilities, in_memory, atol=1e-6)
    assert np.allclose(uncalibrated(found["probabilities"], temperatures), before, atol=1e-4)


def test_a_card_has_the_slope_or_none() -> None:
    card = {"distance": {"slope": vars(SLOPE), "loss": 0.1, "loss_before": 0.2}}

    assert recorded_slope(card) == SLOPE
    assert recorded_slope({"distance": {"slope": None}}) is None
    assert recorded_slope({"distance": None}) is None
    assert recorded_slope({"temperature": 0.9}) is None, "of an earlier release"
    assert replace(SLOPE, slope=0.0).temperatures(np.array([9.0])) == 1
