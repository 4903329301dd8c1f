"""Heat maps of networks whose evidence is known, and of models as the model server loads them."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
import pytest
import tensorflow as tf

from serving.model_server.options import BatchSettings
from serving.model_server.servable import load
from serving.model_server.warmup import warm_up
from serving.repository.versions import published_versions
from training.errors import TrainingError
from training.networks.building import network_to_fit, network_to_serve
from training.networks.dense import DenseNetwork
from training.networks.patch import PatchNetwork
from training.networks.wide import WideNetwork
from training.publishing.explanation import explanation
from training.publishing.publish import publish
from training.publishing.saved_model import write_saved_model
from training.recipe import Recipe
from training.recipes import RECIPES
from training.settings import BackboneNetwork, Head

CARD = {"name": "clothing", "labels": ["a", "b"], "preparation": "garment/1"}
PHOTOS = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), np.uint8)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Let networks have the same weights each time: some have no evidence for any class."""
    keras.utils.set_random_seed(1)


def served(recipe: Recipe, classes: int = 3) -> keras.Model:
    return network_to_serve(recipe, network_to_fit(recipe, classes))


def heat_of(network: keras.Model, photos: np.ndarray, preparation: str = "garment/1") -> np.ndarray:
    return np.asarray(explanation(network, preparation)(tf.constant(photos))["heat"])


def backbone(recipe: Recipe, output: Literal["softmax", "sigmoid"] = "softmax") -> Recipe:
    network = BackboneNetwork(backbone="MobileNetV2", weights="random", alpha=0.35)
    head = Head(pooling="average", units=4, output=output)
    return replace(recipe, shape=(64, 64, 3), network=network, head=head)


@pytest.mark.parametrize(
    "network",
    [
        DenseNetwork(8),
        DenseNetwork(8, second_units=4, scaled=False),
        PatchNetwork(4, 4, 8),
        WideNetwork(stage_blocks=1, width=1),
    ],
)
def test_every_kind_of_network_has_heat_maps(tiny_recipe: Recipe, network: DenseNetwork) -> None:
    heat = heat_of(served(replace(tiny_recipe, network=network)), PHOTOS)

    assert heat.shape == (5, 7, 7)
    assert heat.dtype == np.float32
    assert (heat.min(), heat.max()) == (0, 1)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_backbones_have_heat_maps_with_both_heads(output: Literal["softmax", "sigmoid"]) -> None:
    network = served(backbone(RECIPES["cats-dogs-mobilenet"], output), 2)
    photos = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    heat = heat_of(network, photos, "squash/1")

    assert heat.shape[0] == 2
    assert 8 <= heat.shape[1] == heat.shape[2] <= 12
    assert (heat.min(), heat.max()) == (0, 1)


def sensitive_to_cell(recipe: Recipe, row: int, column: int, output: int) -> keras.Model:
    """Return a dense network that predicts a class from the light in one cell of the heat map."""
    network = served(replace(recipe, network=DenseNetwork(1)), 2)
    kernel = np.zeros((28, 28, 1), np.float32)
    kernel[row * 4 : row * 4 + 4, column * 4 : column * 4 + 4] = 1
    network.get_layer("hidden").set_weights([kernel.reshape(-1, 1), np.zeros(1)])
    weights = np.zeros((1, 2), np.float32)
    weights[0, output] = 100
    network.get_layer("probabilities").set_weights([weights, np.zeros(2)])
    return network


@pytest.mark.parametrize("output", [0, 1])
def test_the_decisive_cell_is_hot_even_when_the_network_is_certain(
    tiny_recipe: Recipe, output: int
) -> None:
    photos = np.full((2, 28, 28, 1), 200, np.uint8)
    heat = heat_of(sensitive_to_cell(tiny_recipe, 2, 5, output), photos)

    expected = np.zeros((7, 7))
    expected[2, 5] = 1
    np.testing.assert_allclose(heat, [expected, expected], atol=1e-6)


def test_a_blank_photo_has_an_empty_heat_map(tiny_recipe: Recipe) -> None:
    network = sensitive_to_cell(tiny_recipe, 1, 1, 0)

    black, gray = np.zeros((1, 28, 28, 1), np.uint8), np.full((1, 28, 28, 1), 90, np.uint8)
    assert not heat_of(network, black, "garment/1").any()
    assert heat_of(network, gray, "garment/1").any()
    assert not heat_of(network, gray, "squash/1").any(), "blank is the mean colour"


@pytest.fixture
def folder(tiny_recipe: Recipe, tmp_path: Path) -> Path:
    write_saved_model(served(tiny_recipe, 2), CARD, tmp_path)
    return tmp_path


def test_a_served_photo_has_the_same_heat_map_alone_and_in_a_batch(folder: Path) -> None:
    servable = load("clothing", 1, folder, BatchSettings(enabled=True))
    assert warm_up(servable, folder) == 6
    runner = servable.runner("explain")

    (together,) = runner.run({"image": PHOTOS}, ["heat"])
    alone = [runner.run({"image": photo[None]}, ["heat"])[0][0] for photo in PHOTOS]
    assert together.shape == (5, 7, 7)
    assert together.dtype == np.float32
    np.testing.assert_allclose(alone, together, atol=1e-4)
    np.testing.assert_array_equal(runner.run({"image": PHOTOS}, ["heat"])[0], together)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda heat: heat[:, 1:], "are .* for a batch of 1"),
        (lambda heat: heat * 2, "are not from 0 to 1"),
        (lambda heat: heat * float("nan"), "are not from 0 to 1"),
        (lambda heat: 1 - heat, "differ by"),
    ],
)
def test_a_model_with_other_heat_maps_than_in_memory_is_not_published(
    tiny_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Any, message: str
) -> None:
    def damaged(network: keras.Model, preparation: str) -> Any:
        explain = explanation(network, preparation)
        return lambda image: {"heat": damage(explain(image)["heat"])}

    monkeypatch.setattr("training.publishing.saved_model.explanation", damaged)
    with pytest.raises(TrainingError, match=f"not published: .*heat maps .*{message}"):
        publish(served(tiny_recipe, 2), CARD, tmp_path)
    assert published_versions(tmp_path) == []
