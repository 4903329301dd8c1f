"""Trained networks that are saved in a run's folder and loaded, perhaps by another backend."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.errors import TrainingError
from training.networks.building import network_to_fit, network_to_serve
from training.networks.wide import WideNetwork
from training.recipe import Recipe
from training.recipes import RECIPES
from training.runs.trained_network import load_trained_network, save_trained_network
from training.trust.activations import activation_model

WIDE: Recipe = replace(RECIPES["clothing-wide"], network=WideNetwork(1, 1), precision="float32")


@pytest.mark.parametrize(
    "recipe",
    [RECIPES["clothing-cnn"], RECIPES["clothing-starter"], WIDE],
    ids=lambda recipe: recipe.name,
)
def test_a_saved_network_predicts_the_same_when_it_is_loaded(
    recipe: Recipe, tmp_path: Path
) -> None:
    """Averaged flips, and normalisation that no convolution can do, are no layers of Keras's."""
    network = network_to_serve(recipe, network_to_fit(recipe, 4))
    save_trained_network(network, tmp_path)

    loaded = load_trained_network(tmp_path)

    assert loaded is not None
    activation_model(loaded)  # Its names must not be those of the layers.
    photos = np.random.default_rng(0).integers(0, 256, (3, *recipe.shape), np.uint8)
    assert np.allclose(loaded.predict_on_batch(photos), network.predict_on_batch(photos))


def test_a_damaged_network_is_one_line(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "trained.keras", "w") as file:
        file.writestr("metadata.json", "{}")
        file.writestr("config.json", "[1]")
        file.writestr("model.weights.h5", "damaged")
    content = (tmp_path / "trained.keras").read_bytes()
    (tmp_path / "trained.keras").write_bytes(content.replace(b"[1]", b"[2]"))

    with pytest.raises(
        TrainingError, match=r"cannot read .*trained\.keras \(Bad CRC-32 .*\): remove"
    ):
        load_trained_network(tmp_path)


def test_a_run_that_has_no_trained_network_yet_has_none_to_load(tmp_path: Path) -> None:
    assert load_trained_network(tmp_path) is None
