"""Fits that are stopped and resumed, within one process."""

import signal
from pathlib import Path

import keras
import numpy as np
import pytest

from training.data.datasets import DataSet
from training.errors import Preempted
from training.fitting.checkpointer import Checkpointer
from training.fitting.checkpoints import CheckpointFolder, Position
from training.fitting.fit import fit
from training.fitting.interruption import Stop
from training.recipe import Recipe
from training.runs.history_writer import HistoryWriter


class StopRequest(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Requests a stop at a step of an epoch, or at its first batch of validation photos."""

    def __init__(self, stop: Stop, epoch: int, step: int | None) -> None:
        super().__init__()
        self._stop, self._stop_epoch, self._step = stop, epoch, step

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if (self._epoch, batch + 1) == (self._stop_epoch, self._step):
            self._stop.asked = signal.SIGTERM

    def on_test_batch_begin(self, batch: int, logs: object = None) -> None:
        if self._epoch == self._stop_epoch and self._step is None:
            self._stop.asked = signal.SIGTERM


def stopped(
    recipe: Recipe, data: DataSet, folder: Path, epoch: int, step: int | None, minutes: float = 60
) -> Position:
    """Fit until it is stopped; return the position of the last checkpoint."""
    stop = Stop()
    checkpoints = CheckpointFolder(folder / "checkpoints")
    request, history = StopRequest(stop, epoch, step), HistoryWriter(folder, recipe.batch_size)
    with pytest.raises(Preempted):
        fit(recipe, data, [history, request], Checkpointer(checkpoints, minutes, stop))
    last = checkpoints.last()
    assert last is not None
    return Position(*map(int, last.stem.split("-")))


def resumed(recipe: Recipe, data: DataSet, folder: Path) -> keras.Model:
    checkpointer = Checkpointer(CheckpointFolder(folder / "checkpoints"), 60, Stop())
    return fit(recipe, data, [HistoryWriter(folder, recipe.batch_size)], checkpointer)


def assert_equal_weights(one: keras.Model, other: keras.Model) -> None:
    for first, second in zip(one.get_weights(), other.get_weights(), strict=True):
        assert np.allclose(first, second, atol=1e-5)
