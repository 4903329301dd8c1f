from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.training.fitting.stopping import assert_equal_weights, resumed, stopped
from training.data.datasets import DataSet
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.fitting.checkpointer import Checkpointer
from training.fitting.checkpoints import CheckpointFolder
from training.fitting.fit import fit
from training.fitting.interruption import Stop
from training.networks.dense import DenseNetwork
from training.recipe import Recipe
from training.runs.history import read_history
from training.runs.history_writer import HistoryWriter

pytestmark = pytest.mark.integration

PATIENCE = 2


@pytest.fixture
def data(garments: Path) -> DataSet:
    """Return a data set with wrong validation labels: their loss soon rises for good."""
    loaded = load_fashion_mnist(garments, held_out=0.1)
    wrong = np.random.default_rng(3).integers(0, 10, len(loaded.validation))
    return replace(loaded, validation=replace(loaded.validation, classes=wrong))


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    return replace(
        tiny_recipe,
        network=DenseNetwork(8),
        averaging=0.8,
        early_stopping=PATIENCE,
        epochs=20,
        batch_size=20,
        learning_rate=0.05,
    )


def losses(folder: Path) -> list[float]:
    return [entry["val_loss"] for entry in read_history(folder)]


def validation_loss(recipe: Recipe, network: keras.Model, data: DataSet) -> float:
    """Return the loss as it is fitted, with smoothed targets."""
    targets = np.eye(10, dtype=np.float32)[data.validation.classes]
    found = network.predict_on_batch(data.validation.photos)
    return float(
        keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)(targets, found)
    )


@pytest.mark.parametrize("averaging", [0.0, 0.8])
def test_fitting_ends_and_the_result_is_the_epoch_with_the_lowest_validation_loss(
    data: DataSet, recipe: Recipe, tmp_path: Path, averaging: float
) -> None:
    recipe = replace(recipe, averaging=averaging)
    network = fit(recipe, data, [HistoryWriter(tmp_path, recipe.batch_size)])

    found = losses(tmp_path)
    assert len(found) == 1 + int(np.argmin(found)) + PATIENCE
    assert len(found) < recipe.epochs
    assert validation_loss(recipe, network, data) == pytest.approx(min(found), rel=1e-4)


def test_without_an_early_end_the_best_epoch_is_the_result_too(
    data: DataSet, recipe: Recipe, tmp_path: Path
) -> None:
    patient = replace(recipe, early_stopping=100, epochs=6)

    network = fit(patient, data, [HistoryWriter(tmp_path, recipe.batch_size)])

    found = losses(tmp_path)
    assert len(found) == 6
    assert int(np.argmin(found)) < 5, "the last epoch would not show it"
    assert validation_loss(recipe, network, data) == pytest.approx(min(found), rel=1e-4)


def test_a_fit_stopped_repeatedly_keeps_its_best_epoch(
    data: DataSet, recipe: Recipe, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    expected = resumed(recipe, data, whole)
    best = int(np.argmin(losses(whole)))

    for epoch, step in ((best, None), (best + 1, 4), (best + PATIENCE, None)):
        stopped(recipe, data, parts, epoch, step)
    assert_equal_weights(resumed(recipe, data, parts), expected)
    assert losses(parts) == pytest.approx(losses(whole), abs=1e-4)

    checkpointer = Checkpointer(CheckpointFolder(parts / "checkpoints"), 60, Stop())
    assert_equal_weights(fit(recipe, data, [], checkpointer), expected)  # Nothing left to fit.
    assert checkpointer.best is not None
    assert (checkpointer.best.epoch, checkpointer.epochs) == (best + 1, best + 1 + PATIENCE)
