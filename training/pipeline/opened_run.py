"""The beginning of a run: its data, its folder, and what is noted before anything is fitted."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from training.console import say
from training.data.datasets import DataSet
from training.errors import Preempted, TrainingError
from training.fitting.checkpoints import CheckpointFolder
from training.fitting.devices import Devices
from training.overrides import changed_settings
from training.pipeline.run_options import Paths, RunOptions
from training.pipeline.shared_epochs import take_over_epochs
from training.pipeline.start import Start, start_from
from training.publishing.card import circumstances, continued
from training.publishing.training_overlap import note_training_photos
from training.recipe import Recipe
from training.recipes import unchanged
from training.runs.folders import (
    CHECKPOINTS,
    FINISHED,
    TRAINED,
    Run,
    claimed_run,
    not_continued,
)
from training.runs.identity import RunIdentity, code_of, run_identity
from training.runs.names import run_label


@dataclass(frozen=True)
class OpenedRun:
    """A run whose folder is locked by this process.

    Attributes:
        run: the folder.
        data: loaded, with its backbone if the recipe has one.
        identity: of the run.
        start: what it starts from, with `--from`.
        circumstances: of the work on it from now on, for its card.
        loading_seconds: time spent on loading the data.
    """

    run: Run
    data: DataSet
    identity: RunIdentity
    start: Start | None
    circumstances: dict[str, Any]
    loading_seconds: float

    def note_circumstances(self) -> None:
        """Note how the run began; the seconds of loading add up if it was interrupted."""
        start = self.start.trained() if self.start else {}
        before = self.run.facts().get("trained") or start
        trained = continued(before, self.circumstances)
        seconds = round(trained.get("loading_seconds", 0) + self.loading_seconds, 1)
        self.run.note(trained={**trained, "loading_seconds": seconds})


@contextmanager
def opened_run(
    recipe: Recipe, paths: Paths, options: RunOptions, console: Console
) -> Iterator[OpenedRun]:
    """Load the data of a recipe and lock the folder of its run, which may be a new one.

    If the work on it ends early, its folder says how.

    Raises:
        TrainingError: the data can't be loaded, or another process works on the run.
    """
    devices = options.devices
    say(console, f"{recipe.name}, seed {recipe.seed}, on {devices} with {devices.backend.NAME}")
    loading = time.monotonic()
    began = {**circumstances(str(devices)), "code": code_of(recipe)}
    data = options.load(recipe, paths.data, console)
    identity, start = _identity(recipe, data, options, paths.runs)
    label = run_label(recipe, unchanged(recipe))
    claimed = claimed_run(paths.runs, identity, label=label, fresh=options.fresh)
    with claimed as run, _outcome(run, devices):
        seconds = time.monotonic() - loading
        yield OpenedRun(run, data, identity, start, began, seconds)


def begin(
    opened: OpenedRun, recipe: Recipe, paths: Paths, options: RunOptions, console: Console
) -> None:
    """Note what a run is about, and once, when it is new, what it begins with."""
    run, data, start = opened.run, opened.data, opened.start
    run.note(
        changed=changed_settings(opened.identity.parameters, unchanged(recipe)),
        data_folder=_data_folder(paths.data),
        own_photos=os.path.abspath(recipe.own.photos) if recipe.own.photos else None,
        recipe_file=recipe.file or None,
        device=str(options.devices),
    )
    facts = run.facts()
    if facts["status"] == "new" or (start and "start" not in facts):  # Its last step.
        lines = _first_steps(opened, recipe, options)
    elif options.share_epochs and not start and not _has_weights(run):
        lines = [take_over_epochs(run, opened.identity, recipe)]
    else:
        lines = []
    for line in filter(None, lines):
        say(console, line)
    if data.backbone and data.backbone.weights:
        run.note(weights_file=data.backbone.weights.name)


def _first_steps(opened: OpenedRun, recipe: Recipe, options: RunOptions) -> list[str]:
    """Note the photos of a new run and copy what it continues; return the lines to show."""
    run, data = opened.run, opened.data
    if opened.start:
        return opened.start.begin(run, recipe, data)
    note_training_photos(run.folder, data, recipe)
    if options.share_epochs and (line := take_over_epochs(run, opened.identity, recipe)):
        return [line]
    return not_continued(run.folder.parents[1], opened.identity, recipe)


def _has_weights(run: Run) -> bool:
    """Return whether anything has been fitted; a run may have ended before its first epoch did."""
    checkpoints = CheckpointFolder(run.folder / CHECKPOINTS)
    return (run.folder / TRAINED).exists() or checkpoints.last() is not None


def _identity(
    recipe: Recipe, data: DataSet, options: RunOptions, runs: Path
) -> tuple[RunIdentity, Start | None]:
    """Return the identity of a run, and what it starts from."""
    identity = identity_of(recipe, data, deterministic=options.deterministic)
    if options.source is None:
        return identity, None
    start = start_from(options.source, recipe, data, identity, runs)
    return replace(identity, started_from=start.digest), start


def identity_of(recipe: Recipe, data: DataSet, *, deterministic: bool) -> RunIdentity:
    """Return the identity of a run of a recipe on loaded data that starts from nothing."""
    weights = data.backbone.weights.sha256 if data.backbone and data.backbone.weights else ""
    return run_identity(recipe, data, deterministic=deterministic, weights=weights)


def _data_folder(named: Path | None) -> str | None:
    """Return where data sets are looked for first, as an absolute path."""
    folder = str(named or os.environ.get("PHOTOLABEL_DATA") or "")
    return os.path.abspath(folder) if folder else None  # Keeps links.


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
