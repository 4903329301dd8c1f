"""Epochs that two runs have in common: the second run takes them over, and they are fitted once.

With a constant learning rate, a run of 75 epochs is one of 50 that goes on; with warm-up, stable
rate and decay, it is one of 50 up to where that one's rate begins to decay. Every weight is the
same as if it had been fitted from its first epoch.
"""

import json
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from serving.repository.atomic_write import atomic_write
from training.errors import TrainingError, explained
from training.fitting.checkpoints import CheckpointFolder
from training.fitting.shared_epochs import shared_epochs
from training.json_files import write_json
from training.recipe import Recipe
from training.runs.folders import CHECKPOINTS, RUN, TRAINED, Run, read_run
from training.runs.history import HISTORY, read_history
from training.runs.identity import RunIdentity


@dataclass(frozen=True)
class SharedEpochs:
    """The first epochs of another run, which are those of this one too.

    Attributes:
        folder: of the other run.
        checkpoint: its state after them.
        epochs: their number.
    """

    folder: Path
    checkpoint: Path
    epochs: int


def epochs_in_common(recipe: Recipe, other: Recipe) -> int:
    """Return how many epochs of two recipes are the same, if only `epochs` differs; else 0."""
    if replace(other, epochs=recipe.epochs) != recipe:
        return 0
    return min(shared_epochs(recipe), shared_epochs(other))


def shared_with(runs: Path, identity: RunIdentity, recipe: Recipe) -> SharedEpochs | None:
    """Return the run that has most epochs in common with a new one; None if none has any."""
    found = list(_candidates(runs, identity, recipe))
    return max(found, key=lambda shared: shared.epochs, default=None)


def take_over_epochs(run: Run, identity: RunIdentity, recipe: Recipe) -> str:
    """Copy the state after the epochs that another run has in common with a new one.

    Returns:
        A line for people; empty if there is no such run.

    Raises:
        TrainingError: the folder can't be written.
    """
    shared = shared_with(run.folder.parents[1], identity, recipe)
    if shared is None:
        return ""
    entries = [each for each in read_history(shared.folder) if each["epoch"] <= shared.epochs]
    target = run.folder / CHECKPOINTS
    with explained(f"cannot copy the state of {shared.folder} to {run.folder}", "free space"):
        target.mkdir(exist_ok=True)
        write_json(run.folder / HISTORY, entries)
        with atomic_write(target / shared.checkpoint.name) as temporary:
            shutil.copyfile(shared.checkpoint, temporary)
    run.note(shared={"run": shared.folder.name, "epochs": shared.epochs})
    return f"the first {shared.epochs} epochs are those of {shared.folder}"


def _candidates(runs: Path, identity: RunIdentity, recipe: Recipe) -> Iterator[SharedEpochs]:
    wanted = _without_epochs(asdict(identity))
    for path in sorted((runs / identity.recipe).glob(f"*/{RUN}")):
        facts: dict[str, Any] = {}
        with suppress(TrainingError):  # Another run may be damaged.
            facts = read_run(path.parent)
        if not facts or not wanted.items() <= _without_epochs(facts).items():
            continue
        other = replace(recipe, epochs=facts["parameters"]["epochs"])
        checkpoint = _checkpoint(path.parent, other)
        if checkpoint is None:
            continue
        epochs = CheckpointFolder.epochs_of(checkpoint)
        if 0 < epochs <= epochs_in_common(recipe, other) and _has_history(path.parent, epochs):
            yield SharedEpochs(path.parent, checkpoint, epochs)


def _has_history(folder: Path, epochs: int) -> bool:
    """Return whether a run still has the figures of its first epochs, which are taken over too."""
    try:
        known = [entry["epoch"] for entry in read_history(folder)]
    except TrainingError:
        return False
    return known[:epochs] == list(range(1, epochs + 1))


def _checkpoint(folder: Path, recipe: Recipe) -> Path | None:
    """Return the state of a run after the epochs that do not depend on how many there are."""
    checkpoints = CheckpointFolder(folder / CHECKPOINTS)
    if shared_epochs(recipe) < recipe.epochs:
        return checkpoints.shared()
    return checkpoints.last() if (folder / TRAINED).exists() else None


def _without_epochs(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts as texts that can be compared, without the number of epochs."""
    parameters = {n: v for n, v in facts["parameters"].items() if n != "epochs"}
    plain = {**facts, "parameters": parameters}
    return {name: json.dumps(value, sort_keys=True) for name, value in plain.items()}
