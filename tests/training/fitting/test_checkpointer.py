"""Fits that are stopped and resumed, within one process."""

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from tests.training.fitting.stopping import assert_equal_weights, resumed, stopped
from training.data.datasets import DataSet
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.errors import Diverged
from training.fitting.checkpointer import Checkpointer
from training.fitting.checkpoints import CheckpointFolder, Position
from training.fitting.fit import fit
from training.fitting.interruption import Stop
from training.networks.dense import DenseNetwork
from training.networks.residual import ResidualNetwork
from training.recipe import Recipe
from training.runs.history import read_history

pytestmark = pytest.mark.integration

STEPS = 9  # Of an epoch: 180 photos in batches of 20.


@pytest.fixture
def data(garments: Path) -> DataSet:
    return load_fashion_mnist(garments, held_out=0.1)


@pytest.fixture
def recipe(tiny_recipe: Recipe) -> Recipe:
    """Return a recipe with a schedule, dropout, optimizer moments and augmentation to resume."""
    network = ResidualNetwork((4,), (4,), (4,), (2,), (0,))
    return replace(tiny_recipe, network=network, epochs=3, batch_size=20, warmup_epochs=0.5)


def test_a_fit_stopped_repeatedly_ends_like_one_that_was_not_stopped(
    data: DataSet, recipe: Recipe, tmp_path: Path
) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    whole.mkdir()
    parts.mkdir()
    expected = resumed(recipe, data, whole)

    assert stopped(recipe, data, parts, 0, 4) == Position(0, 4)
    assert stopped(recipe, data, parts, 0, 1) == Position(0, 5)
    assert stopped(recipe, data, parts, 1, STEPS) == Position(1, STEPS)
    assert stopped(recipe, data, parts, 2, None) == Position(2, STEPS)
    assert stopped(recipe, data, parts, 2, None) == Position(2, STEPS)
    network = resumed(recipe, data, parts)

    assert_equal_weights(network, expected)
    for found, same in zip(read_history(parts), read_history(whole), strict=True):
        for name in ("epoch", "loss", "accuracy", "val_loss", "val_accuracy"):
            assert found[name] == pytest.approx(same[name], abs=1e-4), name


def test_averaged_weights_are_those_of_all_steps(
    data: DataSet, recipe: Recipe, tmp_path: Path
) -> None:
    """Keras assigns the average at the end of each `fit`: a resumed fit must not start from it."""
    averaged = replace(recipe, averaging=0.9, network=DenseNetwork(8))
    expected = fit(averaged, data)

    stopped(averaged, data, tmp_path, 1, 4)
    assert_equal_weights(resumed(averaged, data, tmp_path), expected)
    assert_equal_weights(resumed(averaged, data, tmp_path), expected)  # Nothing left to fit.


def test_averaged_weights_are_the_result_of_a_fit_that_only_has_to_be_validated(
    data: DataSet, recipe: Recipe, tmp_path: Path
) -> None:
    averaged = replace(recipe, averaging=0.9, network=DenseNetwork(8), epochs=2)
    expected = fit(averaged, data)

    assert stopped(averaged, data, tmp_path, 1, None) == Position(1, STEPS)
    assert_equal_weights(resumed(averaged, data, tmp_path), expected)


def test_a_fit_with_a_scaled_loss_is_resumed(data: DataSet, recipe: Recipe, tmp_path: Path) -> None:
    scaled = replace(recipe, precision="mixed_float16", network=DenseNetwork(8))
    expected = fit(scaled, data)

    stopped(scaled, data, tmp_path, 1, 4)
    assert_equal_weights(resumed(scaled, data, tmp_path), expected)


def test_checkpoints_are_written_every_few_minutes(
    data: DataSet, recipe: Recipe, tmp_path: Path
) -> None:
    kept: list[str] = []

    class Lister(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
        def on_train_batch_begin(self, batch: int, logs: object = None) -> None:
            kept[:] = sorted(path.name for path in (tmp_path / "checkpoints").glob("*"))

    checkpointer = Checkpointer(CheckpointFolder(tmp_path / "checkpoints"), 0.0, Stop())
    fit(replace(recipe, epochs=1), data, [Lister()], checkpointer)

    assert kept == [f"000000-{step:08d}.npz" for step in (STEPS - 2, STEPS - 1)]


def test_weights_that_are_nan_are_not_saved(data: DataSet, recipe: Recipe, tmp_path: Path) -> None:
    class Spoiler(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            if epoch == 1:
                self.model.trainable_variables[0].assign(
                    np.full(self.model.trainable_variables[0].shape, np.nan)
                )

    folder = CheckpointFolder(tmp_path / "checkpoints")
    with pytest.raises(Diverged, match="the weights became NaN or infinite in epoch 2:"):
        fit(recipe, data, [Spoiler()], Checkpointer(folder, 60, Stop()))

    last = folder.last()
    assert last is not None
    assert last.stem == "000001-00000000"
