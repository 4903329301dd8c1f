"""Fits to photos that do not show their class: the network learns how frequent the classes are."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import backbone_of, tiny, write_photos
from training.data.datasets import DataSet, Split
from training.data.loading import load
from training.fitting.feature_cache import with_features
from training.fitting.fit import fit
from training.fitting.head_warmup import fit_head_warmup
from training.networks.building import network_to_fit
from training.networks.dense import DenseNetwork
from training.recipe import Recipe
from training.settings import Augmentation, FineTuning

pytestmark = pytest.mark.integration


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    return replace(
        tiny_recipe,
        network=DenseNetwork(4),
        augmentation=Augmentation(),
        label_smoothing=0.0,
        schedule="constant",
        warmup_epochs=0.0,
        weight_decay=0.0,
        epochs=30,
        batch_size=20,
        learning_rate=0.02,
    )


@pytest.mark.parametrize(("weights", "share"), [("none", 0.1), ("balanced", 0.5)])
def test_balanced_weights_make_rare_classes_as_probable_as_others(
    recipe: Recipe, weights: str, share: float
) -> None:
    photos = np.full((100, 28, 28, 1), 128, np.uint8)
    split = Split(photos, np.arange(100) % 10 // 9)
    data = DataSet("gray", ("often", "rare"), "0", split, split, split)
    chosen = replace(recipe, class_weights=weights)  # type: ignore[arg-type]  # Validated.

    probabilities = fit(chosen, data).predict_on_batch(photos[:1])

    assert probabilities[0, 1] == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize(("weights", "share"), [("none", 2 / 28), ("balanced", 0.5)])
def test_so_does_the_warm_up_of_a_head(tmp_path: Path, weights: str, share: float) -> None:
    tuned = tiny(FineTuning("conv_pw_2_relu", head_epochs=40, head_learning_rate=0.05), units=0)
    recipe = replace(tuned, class_weights=weights)  # type: ignore[arg-type]  # Validated.
    folder = write_photos(tmp_path / "gray", {"a": 20, "b": 20})
    console = Console(file=io.StringIO())
    data = with_features(recipe, load(recipe, folder, console), backbone_of(recipe), console)
    features = np.repeat(np.asarray(data.training.inputs[:1], np.float32), 28, axis=0)
    alike = Split(data.training.photos, np.arange(28) // 26, features=(features,))
    network = network_to_fit(recipe, 2, data.backbone)

    fit_head_warmup(recipe, network, replace(data, training=alike))

    probabilities = network.predict_on_batch(features[:1])
    assert probabilities[0, 1] == pytest.approx(share, abs=0.05)
