"""One run of a recipe, from data to a published version; what was done before is not done again."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import keras
from rich.console import Console

from training.data.datasets import DataSet
from training.data.loading import check_photos, load
from training.errors import Diverged, Preempted, TrainingError
from training.fitting.checkpointing import Checkpointer
from training.fitting.checkpoints import CheckpointFolder
from training.fitting.devices import Devices
from training.fitting.feature_cache import with_features
from training.fitting.fit import fit
from training.fitting.interruption import interruptible
from training.fitting.progress import FitProgress
from training.fitting.tensorboard import EventWriter
from training.networks.pretrained import weights_digest
from training.pipeline.finishing import finish, say
from training.publishing.card import circumstances
from training.publishing.model_folder import check_folder, version_of_run
from training.publishing.policy import DEFAULT_POLICY, Policy
from training.recipe import Recipe
from training.runs.folders import Run, begun_with_other_code, claimed, identify
from training.runs.history import HistoryWriter
from training.runs.trained import keep_trained, read_trained


@dataclass(frozen=True)
class Paths:
    """The folders of a run.

    Attributes:
        data: where data sets are looked for first; None: only where PHOTOLABEL_DATA says.
        models: versions are published into its sub-folder named as the model.
        runs: what a run has come to is kept in a sub-folder for each.
    """

    data: Path | None
    models: Path
    runs: Path


@dataclass(frozen=True)
class RunOptions:
    """How a run is done.

    Attributes:
        devices: what it computes on.
        policy: how strict the publishing gate is.
        fresh: begin another run where there is one of the same recipe, data and code.
        deterministic: the same weights bit by bit each time, however often it is interrupted.
        checkpoint_minutes: between two checkpoints within an epoch.
        tensorboard: TensorBoard's event files go into a sub-folder of this one; None: nowhere.
    """

    devices: Devices
    policy: Policy = DEFAULT_POLICY
    fresh: bool = False
    deterministic: bool = False
    checkpoint_minutes: float = 10.0
    tensorboard: Path | None = None


def train_and_publish(
    recipe: Recipe, places: Paths, manner: RunOptions, console: Console
) -> Path | None:
    """Train a recipe, judge it on the test split and publish it; or go on where that was left.

    Args:
        recipe: with the overrides of this run.
        places: the folders.
        manner: how to do it.
        console: where progress is shown.

    Returns:
        The folder of the published version; None where the backend writes no SavedModel.

    Raises:
        Refused: by the gate.
        TrainingError: one of the steps failed. What was done before is kept in the run's folder.
    """
    devices = manner.devices
    say(console, f"{recipe.name}, seed {recipe.seed}, on {devices} with {devices.backend.NAME}")
    base = places.models / recipe.model
    check_folder(base)
    how = circumstances(str(devices))
    data = load(recipe, places.data, console)
    check_photos(recipe, data)
    weights = weights_digest(recipe.network, places.data)
    identity = identify(recipe, data.digest, deterministic=manner.deterministic, weights=weights)
    with claimed(places.runs, identity, fresh=manner.fresh) as run, _noted(run, devices):
        version = version_of_run(base, run.facts()["id"])
        if version:
            say(console, f"{run.folder} is finished, published as {version}; --fresh begins again")
            return version
        if recipe.file:
            run.note(recipe_file=recipe.file)
        if run.facts()["status"] == "new":
            for folder in begun_with_other_code(places.runs, identity):
                say(console, f"not continued, since the code is another now: {folder}")
        data = with_features(recipe, data, places.data, console)
        network = read_trained(run.folder)
        if network is None:
            run.note(trained={**how, **run.facts().get("trained", {})})
            network = _fit(recipe, data, run, manner, console)
        return finish(network, recipe, data, places.data, run, base, manner.policy, console)


def _fit(
    recipe: Recipe, data: DataSet, run: Run, manner: RunOptions, console: Console
) -> keras.Model:
    """Fit, from the last checkpoint on, and keep the result."""
    checkpoints = CheckpointFolder(run.folder / "checkpoints")
    shown = FitProgress(console)
    callbacks = [HistoryWriter(run.folder, min(recipe.batch_size, len(data.training))), shown]
    if manner.tensorboard:
        callbacks.append(EventWriter(manner.tensorboard / recipe.name / run.folder.name))
    if checkpoints.last():
        say(console, f"goes on from {checkpoints.last()}")
    run.note(status="fitting")
    try:
        with interruptible() as stop:
            checkpointer = Checkpointer(checkpoints, manner.checkpoint_minutes, stop)
            network = fit(recipe, data, callbacks, checkpointer, manner.devices.backend.spread())
    except (KeyboardInterrupt, Preempted):
        say(console, f"stopped; the same command goes on from {checkpoints.last()}")
        raise
    except Diverged as error:
        good = checkpoints.last() or "none"
        raise TrainingError(f"{error}. The last good checkpoint: {good}") from error
    finally:
        shown.close()
    # First, so that a trained network that is kept is never without them.
    seconds = round(checkpointer.seconds, 1)
    run.note(trained={**run.facts()["trained"], "seconds": seconds})
    keep_trained(network, run.folder)
    run.note(status="trained")
    checkpoints.clear()
    return network


@contextmanager
def _noted(run: Run, devices: Devices) -> Iterator[None]:
    """Let the run's folder tell how the work on it ended, and put lack of memory into words."""
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
    with suppress(TrainingError):  # There is something more important to tell.
        run.note(**facts)
