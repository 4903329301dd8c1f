"""A run of a recipe, from data to a published version. Steps that are done are not repeated."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import keras
from rich.console import Console

from training.console import say
from training.data.datasets import DataSet
from training.data.loading import check_photos, load
from training.errors import Diverged, Preempted, TrainingError
from training.fitting.checkpointer import Checkpointer
from training.fitting.checkpoints import CheckpointFolder
from training.fitting.devices import Devices
from training.fitting.feature_cache import with_features
from training.fitting.fit import fit
from training.fitting.interruption import interruptible
from training.fitting.progress import FitProgress
from training.fitting.tensorboard import EventWriter
from training.networks.backbone import Backbone, load_backbone
from training.pipeline.finalize import finalize
from training.publishing.card import circumstances, continued
from training.publishing.gate_policy import GatePolicy
from training.publishing.model_folder import check_writable, version_of_run
from training.recipe import Recipe
from training.runs.folders import Run, claimed_run, not_continued
from training.runs.history_writer import HistoryWriter
from training.runs.identity import code_of, run_identity
from training.runs.trained_network import load_trained_network, save_trained_network
from training.settings import BackboneNetwork


@dataclass(frozen=True)
class Paths:
    """The folders that a run uses.

    Attributes:
        data: searched first for data sets; None: only PHOTOLABEL_DATA is searched.
        models: versions are published into its sub-folder with the model's name.
        runs: has a sub-folder for each run.
    """

    data: Path | None
    models: Path
    runs: Path


@dataclass(frozen=True)
class RunOptions:
    """How a recipe is run.

    Attributes:
        devices: what it computes on.
        policy: how strict the publishing gate is.
        fresh: start another run even if there is one with the same identity.
        deterministic: the same weights bit by bit each time, however often it is interrupted.
        checkpoint_minutes: time between two checkpoints within an epoch.
        tensorboard: folder for TensorBoard's event files; None: none are written.
    """

    devices: Devices
    policy: GatePolicy
    fresh: bool = False
    deterministic: bool = False
    checkpoint_minutes: float = 10.0
    tensorboard: Path | None = None


def train_and_publish(
    recipe: Recipe, paths: Paths, options: RunOptions, console: Console
) -> Path | None:
    """Train a recipe, evaluate it on the test split and publish it; or resume such a run.

    Returns:
        The folder of the published version; None if the backend writes no SavedModel.

    Raises:
        TrainingError: a step failed, or the gate refused (`Refused`). Completed steps are kept.
    """
    devices = options.devices
    say(console, f"{recipe.name}, seed {recipe.seed}, on {devices} with {devices.backend.NAME}")
    base = paths.models / recipe.model
    check_writable(base)
    began = {**circumstances(str(devices)), "code": code_of(recipe)}
    data = load(recipe, paths.data, console)
    check_photos(recipe, data)
    backbone = _backbone(recipe, paths.data, console)
    weights = backbone.weights if backbone else None
    identity = run_identity(
        recipe,
        data,
        deterministic=options.deterministic,
        weights=weights.sha256 if weights else "",
    )
    with claimed_run(paths.runs, identity, fresh=options.fresh) as run, _outcome(run, devices):
        version = version_of_run(base, run.facts()["id"])
        if version:
            say(console, f"{run.folder} is finished, published as {version}; --fresh begins again")
            return version
        if recipe.file:
            run.note(recipe_file=recipe.file)
        if run.facts()["status"] == "new":
            for line in not_continued(paths.runs, identity, recipe):
                say(console, line)
        if weights:
            run.note(weights_file=weights.name)
        if backbone:
            data = with_features(recipe, data, backbone, console)
        network = load_trained_network(run.folder)
        if network is None:
            run.note(trained=continued(run.facts().get("trained", {}), began))
            network = _fit(recipe, data, run, options, console)
        return finalize(network, recipe, data, paths.data, run, base, options.policy, console)


def _backbone(recipe: Recipe, data: Path | None, console: Console) -> Backbone | None:
    if not isinstance(recipe.network, BackboneNetwork):
        return None
    return load_backbone(recipe, data, console)


def _fit(
    recipe: Recipe, data: DataSet, run: Run, options: RunOptions, console: Console
) -> keras.Model:
    """Fit, starting from the last checkpoint, and save the trained network."""
    checkpoints = CheckpointFolder(run.folder / "checkpoints")
    progress = FitProgress(console, recipe.epochs)
    callbacks = [HistoryWriter(run.folder, min(recipe.batch_size, len(data.training))), progress]
    if options.tensorboard:
        callbacks.append(EventWriter(options.tensorboard / recipe.name / run.folder.name))
    if checkpoints.last():
        say(console, f"resumes from {checkpoints.last()}")
    run.note(status="fitting")
    try:
        with interruptible() as stop:
            checkpointer = Checkpointer(checkpoints, options.checkpoint_minutes, stop)
            network = fit(recipe, data, callbacks, checkpointer, options.devices.backend.spread())
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
    run.note(status="trained")
    checkpoints.clear()
    return network


@contextmanager
def _outcome(run: Run, devices: Devices) -> Iterator[None]:
    """Note in the run's folder how the work on it ended, and explain a lack of memory."""
    try:
        yield
    except (KeyboardInterrupt, Preempted):
        _try_to_note(run, status="stopped")
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or devices.backend.is_out_of_memory(error):
            reason = "out of memory: try a smaller --set batch_size or a smaller network"
            _try_to_note(run, status="failed", reason=reason)
            raise TrainingError(reason) from error
        _try_to_note(run, status="failed", reason=str(error))
        raise


def _try_to_note(run: Run, **facts: str) -> None:
    with suppress(TrainingError):  # The error that ended the run is the one to report.
        run.note(**facts)
