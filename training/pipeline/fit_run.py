"""Fitting the network of a run, and noting in its folder how the work on it ends."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
from rich.console import Console

from training.console import say
from training.data.datasets import DataSet
from training.errors import Diverged, Preempted, TrainingError
from training.fitting.checkpointer import Checkpointer
from training.fitting.checkpoints import CheckpointFolder
from training.fitting.feature_cache import with_features
from training.fitting.fit import fit
from training.fitting.interruption import interruptible
from training.fitting.progress import FitProgress
from training.fitting.shared_epochs import shared_epochs
from training.fitting.tensorboard import EventWriter
from training.pipeline.opened_run import OpenedRun
from training.pipeline.run_options import RunOptions
from training.pipeline.start import Start
from training.recipe import Recipe
from training.runs.folders import CHECKPOINTS, Run
from training.runs.history import read_history
from training.runs.history_writer import HistoryWriter
from training.runs.trained_network import load_trained_network, save_trained_network


def trained_network(
    opened: OpenedRun, recipe: Recipe, options: RunOptions, console: Console
) -> tuple[keras.Model, DataSet]:
    """Return the trained network of a run, which is fitted first unless it is saved already.

    Also returns the data, with the features of a frozen backbone where the recipe has one.
    """
    run, data = opened.run, opened.data
    began = time.monotonic()
    if data.backbone:
        data = with_features(recipe, data, data.backbone, console)
    features = time.monotonic() - began
    replace(opened, loading_seconds=opened.loading_seconds + features).note_circumstances()
    network = load_trained_network(run.folder)
    if network is None:
        network = _fit(recipe, data, run, options, opened.start, console)
    return network, data


def _fit(
    recipe: Recipe,
    data: DataSet,
    run: Run,
    options: RunOptions,
    start: Start | None,
    console: Console,
) -> keras.Model:
    """Fit, starting from the last checkpoint, and save the trained network."""
    checkpoints = CheckpointFolder(run.folder / CHECKPOINTS)
    progress = FitProgress(console, recipe.epochs)
    callbacks = [HistoryWriter(run.folder, min(recipe.batch_size, len(data.training))), progress]
    if options.after_epoch:
        callbacks.append(_AfterEpoch(run.folder, options.after_epoch))
    if options.tensorboard:
        callbacks.append(EventWriter(options.tensorboard / recipe.name / run.folder.name))
    if checkpoints.last() and run.facts()["status"] != "new":
        say(console, f"resumes from {checkpoints.last()}")
    run.note(status="fitting")
    try:
        with interruptible() as stop:
            shared = shared_epochs(recipe)
            kept = shared if shared < recipe.epochs else 0  # The last one is kept anyway.
            checkpointer = Checkpointer(checkpoints, options.checkpoint_minutes, stop, kept)
            scope = options.devices.backend.spread()
            weights = start.weights if start else None
            network = fit(recipe, data, callbacks, checkpointer, scope, weights)
    except (KeyboardInterrupt, Preempted):
        say(console, f"stopped; the same command resumes from {checkpoints.last()}")
        raise
    except Diverged as error:
        good = checkpoints.last() or "none"
        raise TrainingError(f"{error}. The last good checkpoint: {good}") from error
    finally:
        progress.close()
    epochs = {"fitted": checkpointer.epochs}
    if checkpointer.best:
        epochs["best"] = checkpointer.best.epoch
        say(
            console,
            f"the weights are those of epoch {epochs['best']} of {epochs['fitted']}, which has the"
            " lowest validation loss",
        )
    # These are noted first: a trained network on disk always has them.
    seconds = round(checkpointer.seconds, 1)
    run.note(trained={**run.facts()["trained"], "seconds": seconds, "epochs": epochs})
    save_trained_network(network, run.folder)
    run.note(status="trained", network_parameters=network.count_params())
    checkpoints.keep_last()
    return network


class _AfterEpoch(keras.callbacks.Callback):  # type: ignore[misc]  # Keras has no types.
    """Calls a function with the figures of each epoch once its checkpoint is written."""

    def __init__(self, folder: Path, call: Callable[[dict[str, float]], None]) -> None:
        super().__init__()
        self._folder = folder
        self._call = call
        self._ended = False

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        """Report the epoch before: its checkpoint is written after all callbacks of its end."""
        if self._ended:
            self._call(read_history(self._folder)[-1])

    def on_epoch_end(self, epoch: int, logs: object = None) -> None:
        """Note that there is an epoch to report."""
        self._ended = True
