from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from training.data.datasets import Split
from training.networks.building import network_to_fit, network_to_serve
from training.recipe import Recipe
from training.trust.activations import activation_model, compute_activations
from training.trust.distance_temperature import DistanceTemperature, Slope
from training.trust.recognition_threshold import Recognizer, fit_scores, recognizer_of
from training.trust.saved_recognizer import load_recognizer, save_recognizer


@pytest.fixture
def network(tiny_recipe: Recipe) -> keras.Model:
    return network_to_serve(tiny_recipe, network_to_fit(tiny_recipe, 3))


def card(score: str, threshold: float, slope: Slope | None = None) -> dict[str, Any]:
    """Return as much of a model card as a recognizer is loaded with."""
    distance = {"slope": asdict(slope) if slope else None, "loss": 0.2, "loss_before": 0.3}
    recognition = {"score": score, "threshold": threshold}
    return {"recognition": recognition, "calibration": {"temperature": 1.0, "distance": distance}}


@pytest.mark.parametrize("slope", [None, Slope(0.2, 1.0, 0.5, 30.0)])
def test_a_recognizer_is_the_same_after_it_was_saved(
    network: keras.Model, tmp_path: Path, slope: Slope | None
) -> None:
    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (60, 28, 28, 1), np.uint8)
    training = Split(photos, np.arange(60) % 3)
    model = activation_model(network)
    fitted = fit_scores(network, model, training, compute_activations(model, photos[:20]))
    distance = fitted.scores["distance"]
    by_distance = DistanceTemperature(network, distance, slope) if slope else None
    for name, score in fitted.scores.items():
        threshold = fitted.thresholds[name]
        recognizer = recognizer_of(network, score, threshold, photos[:8], by_distance)
        save_recognizer(recognizer, tmp_path)
        again = load_recognizer(tmp_path, network, card(name, threshold, slope))

        assert again is not None
        assert np.array_equal(again.margins(photos), recognizer.margins(photos)), name
        assert np.array_equal(again.examples, recognizer.examples)
        restored, saved = (
            np.asarray(each(photos)["probabilities"]) for each in (again, recognizer)
        )
        assert np.array_equal(restored, saved), name
        assert np.allclose(restored, network.predict_on_batch(photos)) == (slope is None)


def test_without_an_intact_file_there_is_none(network: keras.Model, tmp_path: Path) -> None:
    distance, probability = card("distance", 0.5), card("probability", 0.5)
    assert load_recognizer(tmp_path, network, distance) is None
    recognizer = Recognizer(network, lambda tensors: tensors["last"], 0.5, np.zeros(8))
    save_recognizer(recognizer, tmp_path)
    assert load_recognizer(tmp_path, network, distance) is None, "of another score"
    by_distance = card("probability", 0.5, Slope(0.2, 1.0, 0.5, 30.0))
    assert load_recognizer(tmp_path, network, by_distance) is None, "without the distance"
    file = tmp_path / "recognizer.npz"
    file.write_bytes(file.read_bytes()[:50])
    assert load_recognizer(tmp_path, network, probability) is None
