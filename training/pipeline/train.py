"""A run of a recipe, from data to an evaluated network. Steps that are done are not repeated."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import keras
from rich.console import Console

from training.backends import backend_name
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
from training.networks.backbone import load_backbone
from training.overrides import changed_settings
from training.pipeline.finalize import Evaluated, evaluated_before, finalize
from training.pipeline.last_lines import publish_command, summary, write_run_report
from training.pipeline.run_options import Paths, RunOptions
from training.pipeline.start import Start, start_from
from training.publishing.card import circumstances, continued
from training.publishing.model_folder import check_writable, version_of_run
from training.publishing.training_overlap import note_training_photos
from training.recipe import Recipe
from training.recipes import unchanged
from training.runs.folders import CHECKPOINTS, FINISHED, Run, claimed_run, not_continued
from training.runs.history_writer import HistoryWriter
from training.runs.identity import RunIdentity, code_of, run_identity
from training.runs.names import run_label
from training.runs.trained_network import load_trained_network, save_trained_network
from training.settings import BackboneNetwork


class Ended(NamedTuple):
    """A run that has ended: its folder, and that of the version it is published as, if it is."""

    run: Path
    version: Path | None


def run_recipe(recipe: Recipe, paths: Paths, options: RunOptions, console: Console) -> Ended:
    """Train a recipe and evaluate it on the test split, or resume such a run; publish it if asked.

    Raises:
        TrainingError: a step failed, or the gate refused (`Refused`). Completed steps are kept.
    """
    devices, base = options.devices, paths.models / recipe.model
    say(console, f"{recipe.name}, seed {recipe.seed}, on {devices} with {devices.backend.NAME}")
    if options.policy:
        check_writable(base)
    loading = time.monotonic()
    began = {**circumstances(str(devices)), "code": code_of(recipe)}
    data = _loaded(recipe, paths.data, console)
    identity, start = _identity(recipe, data, options, paths.runs)
    own = unchanged(recipe)
    claimed = claimed_run(paths.runs, identity, label=run_label(recipe, own), fresh=options.fresh)
    with claimed as run, _outcome(run, devices):
        version = _version_of(run, base, options)
        if version:
            say(console, f"{run.folder} is finished, published as {version}; --fresh begins again")
            return Ended(run.folder, version)
        run.note(
            changed=changed_settings(identity.parameters, own),
            data_folder=_data_folder(paths.data),
            recipe_file=recipe.file or None,
            device=str(devices),
        )
        facts = run.facts()
        if facts["status"] == "new" or (start and "start" not in facts):  # Its last step.
            for line in _begin(run, identity, recipe, data, start):
                say(console, line)
        if data.backbone and data.backbone.weights:
            run.note(weights_file=data.backbone.weights.name)
        evaluated = evaluated_before(recipe, data, paths.data, run)
        if evaluated:
            say(console, f"{run.folder} is trained and evaluated; --fresh begins again")
        else:
            if data.backbone:
                data = with_features(recipe, data, data.backbone, console)
            _note_circumstances(run, began, start, time.monotonic() - loading)
            network = load_trained_network(run.folder)
            if network is None:
                network = _fit(recipe, data, run, options, start, console)
            evaluated = finalize(network, recipe, data, paths.data, run, console)
        command = publish_command(run.folder, paths.models, options.policy)
        if not options.policy:
            _show_end(run, evaluated, command, console)
            return Ended(run.folder, None)
        from training.pipeline.publish_run import publish_evaluated  # Imports TensorFlow.

        version = publish_evaluated(evaluated, run, base, options.policy, command, console)
        return Ended(run.folder, version)


def _loaded(recipe: Recipe, folder: Path | None, console: Console) -> DataSet:
    """Load the data of a recipe, with its backbone if it has one."""
    data = load(recipe, folder, console)
    check_photos(recipe, data)
    if not isinstance(recipe.network, BackboneNetwork):
        return data
    return replace(data, backbone=load_backbone(recipe, folder, console))


def _identity(
    recipe: Recipe, data: DataSet, options: RunOptions, runs: Path
) -> tuple[RunIdentity, Start | None]:
    """Return the identity of a run, and what it starts from."""
    weights = data.backbone.weights.sha256 if data.backbone and data.backbone.weights else ""
    identity = run_identity(recipe, data, deterministic=options.deterministic, weights=weights)
    if options.source is None:
        return identity, None
    start = start_from(options.source, recipe, data, identity, runs)
    return replace(identity, started_from=start.digest), start


def _version_of(run: Run, base: Path, options: RunOptions) -> Path | None:
    """Return the version that a run has published; None if there is none, or not any more."""
    facts = run.facts()
    if options.policy:
        return version_of_run(base, facts["id"])
    version = Path(facts["version"]) if facts["status"] == "published" else None
    return version if version and version.is_dir() else None


def _note_circumstances(
    run: Run, began: dict[str, Any], start: Start | None, loading: float
) -> None:
    """Note how the run began; the seconds of loading add up if it was interrupted."""
    before = run.facts().get("trained") or (start.trained() if start else {})
    trained = continued(before, began)
    seconds = round(trained.get("loading_seconds", 0) + loading, 1)
    run.note(trained={**trained, "loading_seconds": seconds})


def _show_end(run: Run, evaluated: Evaluated, command: str, console: Console) -> None:
    write_run_report(run.folder, console)
    say(console, summary(evaluated.card))
    where = "" if backend_name() == "tensorflow" else ", where TensorFlow is installed"
    say(console, f"to publish it{where}: {command}")


def _begin(
    run: Run, identity: RunIdentity, recipe: Recipe, data: DataSet, start: Start | None
) -> list[str]:
    """Note the photos of a new run and copy what it continues; return the lines to show."""
    if start:
        return start.begin(run, recipe, data)
    note_training_photos(run.folder, data, recipe)
    return not_continued(run.folder.parents[1], identity, recipe)


def _data_folder(named: Path | None) -> str | None:
    """Return where data sets are looked for first, as an absolute path."""
    folder = str(named or os.environ.get("PHOTOLABEL_DATA") or "")
    return os.path.abspath(folder) if folder else None  # Keeps links.


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
    if options.tensorboard:
        callbacks.append(EventWriter(options.tensorboard / recipe.name / run.folder.name))
    if checkpoints.last() and run.facts()["status"] != "new":
        say(console, f"resumes from {checkpoints.last()}")
    run.note(status="fitting")
    try:
        with interruptible() as stop:
            checkpointer = Checkpointer(checkpoints, options.checkpoint_minutes, stop)
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
    run.note(status="trained")
    checkpoints.keep_last()
    return network


@contextmanager
def _outcome(run: Run, devices: Devices) -> Iterator[None]:
    """Note in the run's folder how the work on it ended early, and explain a lack of memory."""
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
        if run.facts()["status"] not in FINISHED:  # Otherwise only publishing has failed.
            run.note(**facts)
