"""The error of a recipe's network on the judged photos of one split, trained from fresh weights."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import keras
import numpy as np

from training.data.datasets import DataSet
from training.fitting.checkpointer import Checkpointer
from training.fitting.checkpoints import CheckpointFolder
from training.fitting.fit import fit, fitted_network
from training.fitting.interruption import Stop, interruptible
from training.recipe import Recipe

LONG = 10
"""Epochs up to which a training is begun again after a kill; longer ones have checkpoints."""

_MINUTES = 10.0  # Between checkpoints within an epoch.
_BATCH = 256


def judged_error(
    recipe: Recipe,
    data: DataSet,
    checkpoints: Path,
    spread: Callable[[], AbstractContextManager[object]],
) -> float:
    """Fit a recipe's network and return its error rate on the test photos, in percent.

    Args:
        recipe: with the seed of this training.
        data: of `random_splits.split_data`, with features if the recipe has a backbone.
        checkpoints: folder for a recipe of many epochs; may have those of an earlier attempt.
        spread: returns the scope in which variables are created, such as one of several devices.

    Raises:
        TrainingError: as `fit`.
        KeyboardInterrupt, Preempted: asked to stop.
    """
    keras.backend.clear_session()  # Otherwise each network stays in memory.
    folder = CheckpointFolder(checkpoints)
    with interruptible() as stop:
        checkpointer = Checkpointer(folder, _MINUTES, stop) if recipe.epochs > LONG else None
        fitted = _Fitted(stop)
        network = fit(recipe, data, [fitted], checkpointer, spread())
        if data.backbone:  # Its features are known; the network to serve takes photos.
            network = fitted.model or fitted_network(recipe, len(data.labels), folder)
        return error_rate(network, data, stop)


def error_rate(network: keras.Model, data: DataSet, stop: Stop) -> float:
    """Return the share of test photos, in percent, that a network classifies wrongly."""
    wrong = 0
    for first in range(0, len(data.test), _BATCH):
        part = slice(first, min(first + _BATCH, len(data.test)))
        inputs = np.asarray(data.test.inputs[part])
        # Called without `predict`, whose tracing takes longer than the photos of a small network.
        outputs = keras.ops.convert_to_numpy(network(inputs, training=False))
        wrong += int((outputs.argmax(axis=1) != data.test.classes[part]).sum())
        stop.check()
    return 100 * wrong / len(data.test)


class _Fitted(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Has the network that was fitted as `model`, and ends the fit when asked to."""

    def __init__(self, stop: Stop) -> None:
        super().__init__()
        self._stop = stop

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self._stop.check()

    def on_test_batch_end(self, batch: int, logs: object = None) -> None:
        self._stop.check()
