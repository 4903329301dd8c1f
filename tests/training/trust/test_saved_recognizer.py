from pathlib import Path

import keras
import numpy as np
import pytest

from training.data.datasets import Split
from training.networks.building import network_to_fit, network_to_serve
from training.recipe import Recipe
from training.trust.activations import activation_model, compute_activations
from training.trust.recognition_threshold import Recognizer, fit_scores
from training.trust.saved_recognizer import load_recognizer, save_recognizer


@pytest.fixture
def network(tiny_recipe: Recipe) -> keras.Model:
    return network_to_serve(tiny_recipe, network_to_fit(tiny_recipe, 3))


def test_a_recognizer_is_the_same_after_it_was_saved(network: keras.Model, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    photos = random.integers(0, 256, (60, 28, 28, 1), np.uint8)
    training = Split(photos, np.arange(60) % 3)
    model = activation_model(network)
    fitted = fit_scores(network, model, training, compute_activations(model, photos[:20]))
    for name, score in fitted.scores.items():
        recognizer = Recognizer(model, score, fitted.thresholds[name], photos[:8])
        save_recognizer(recognizer, tmp_path)
        again = load_recognizer(tmp_path, network, name, recognizer.threshold)

        assert again is not None
        assert np.array_equal(again.margins(photos), recognizer.margins(photos)), name
        assert np.array_equal(again.examples, recognizer.examples)


def test_without_an_intact_file_there_is_none(network: keras.Model, tmp_path: Path) -> None:
    assert load_recognizer(tmp_path, network, "distance", 0.5) is None
    recognizer = Recognizer(network, lambda tensors: tensors["last"], 0.5, np.zeros(8))
    save_recognizer(recognizer, tmp_path)
    assert load_recognizer(tmp_path, network, "distance", 0.5) is None, "of another score"
    file = tmp_path / "recognizer.npz"
    file.write_bytes(file.read_bytes()[:50])
    assert load_recognizer(tmp_path, network, "probability", 0.5) is None
