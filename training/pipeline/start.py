"""How a run starts from another one, or from a published version (`--from`).

A run with the same settings and photos but more epochs continues the other one: it begins with a
copy of that one's last checkpoint, as if it had been a run of this length that was interrupted. All
other runs only take the weights, and begin at the first epoch with a new optimizer.
"""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from serving.repository.atomic_write import atomic_write
from training.data.datasets import DataSet, file_digest
from training.data.photo_contents import contents
from training.errors import TrainingError, UsageError, explained
from training.fitting.checkpoints import CheckpointFolder
from training.networks.building import network_to_fit
from training.networks.starting_weights import Weights, is_folded
from training.overrides import renamed
from training.pipeline.source_weights import weights_digest, weights_for
from training.pipeline.sources import Source
from training.publishing.training_overlap import note_training_photos
from training.publishing.training_photos import seen
from training.recipe import Recipe
from training.runs.folders import CHECKPOINTS, Run
from training.runs.history import HISTORY
from training.runs.identity import RunIdentity, changes

_SETTINGS = ("network", "dataset", "preparation", "input_shape", "weights")
_PHOTOS = ("data", "photos")
_ELSEWHERE = ("code", "backend", "packages")  # That may change the bits of the result.
_NO_WEIGHTS = ("epochs", "recognition")  # Settings that no weight of an epoch depends on.


@dataclass(frozen=True)
class Start:
    """What a run begins with.

    Attributes:
        digest: sha256 of the checkpoint or of the weights, for the identity of the run.
        source: where it is from.
        line: says it to people.
        weights: of the first epoch; None if the run continues the source.
    """

    digest: str
    source: Source
    line: str
    weights: Weights | None = None

    def record(self) -> dict[str, Any]:
        """Return what the card of the run says of it."""
        kind, continued = "version" if self.source.is_version else "run", self.weights is None
        epochs = self.source.epochs if continued else self.source.best_epoch
        return {kind: self.source.name, "epochs": epochs, "continued": continued}

    def trained(self) -> dict[str, Any]:
        """Return what is noted of the source's training if it is a part of the run's."""
        before = self.source.facts["trained"] if self.weights is None else {}
        return {name: before[name] for name in ("hardware", "continued_on") if name in before}

    def begin(self, run: Run, recipe: Recipe, data: DataSet) -> list[str]:
        """Copy what a run continues into its folder; then note the start, so that it is complete.

        Returns:
            The line, and a warning if the source was trained on photos that the run is evaluated
            on.

        Raises:
            TrainingError: the folder can't be written.
        """
        if self.weights is None:
            self._copy_state(run.folder)
        digests = note_training_photos(run.folder, data, recipe, self.source.folder)
        trained_on, counts = {}, []
        for name, split in (("validation", data.validation), ("test", data.test)):
            if count := int(seen(contents(data, split), digests).sum()):
                trained_on[name] = count
                counts.append(f"{count:,} of the {len(split):,} {name}")
        start = {**self.record(), **({"trained_on": trained_on} if trained_on else {})}
        run.note(**{"from": self.source.reference, "start": start})
        if not counts:
            return [self.line]
        warning = (
            f"{self.source.name} was, or may have been, trained on {' and '.join(counts)} photos:"
            " figures on them are too good"
        )
        return [self.line, warning]

    def _copy_state(self, folder: Path) -> None:
        last = CheckpointFolder(self.source.folder / CHECKPOINTS).last()
        history = self.source.folder / HISTORY
        with explained(f"cannot copy the state of {self.source.name} to {folder}", "free space"):
            (folder / CHECKPOINTS).mkdir(exist_ok=True)
            for path in filter(None, (history if history.is_file() else None, last)):
                with atomic_write(folder / path.relative_to(self.source.folder)) as temporary:
                    shutil.copyfile(path, temporary)


def start_from(
    source: Source, recipe: Recipe, data: DataSet, identity: RunIdentity, runs: Path
) -> Start:
    """Return how a run of a recipe starts from a source.

    Args:
        source: of `find_source`.
        recipe: of the run.
        data: with its backbone, if the recipe has one.
        identity: of the run, without the start.
        runs: folder of the runs, which may have the one that published a version.

    Raises:
        TrainingError: the run can't start like that; the message says why.
    """
    why: list[str] = []
    if not source.is_version:
        why = _changes(source, recipe, identity, (*_SETTINGS, *_PHOTOS), settings=True)
        if _continues(source, recipe, identity, why):
            path = _last_checkpoint(source)
            line = f"continues {source.name} with epoch {source.epochs + 1} of {recipe.epochs}"
            return Start(file_digest(path), source, line + _remarks(source, recipe, identity))
    network = network_to_fit(recipe, len(data.labels), data.backbone)
    weights = weights_for(network, source, data, runs)
    because = f": {'; '.join(why)}" if why else ""
    line = (
        f"starts from the weights of {source.name}, of epoch {source.best_epoch} there, with a new"
        f" optimizer{because}"
    )
    if is_folded(network, weights):
        line += (
            "; its batch normalisation, which is part of the convolutions there, is restored"
            " with the mean and variance of training photos"
        )
    return Start(weights_digest(weights), source, line, weights)


def _continues(
    source: Source, recipe: Recipe, identity: RunIdentity, differences: Sequence[str]
) -> bool:
    """Whether a run continues its source, with more epochs and nothing else; or raise an error."""
    further = recipe.epochs > source.epochs
    photos = _changes(source, recipe, identity, _PHOTOS)
    if further and differences and len(differences) == len(photos):
        raise TrainingError(
            f"{source.name} can't be continued: {'; '.join(photos)}. To start from its weights on"
            " these, change another setting, such as --seed"
        )
    if differences:
        return False
    waited = source.epochs - source.best_epoch
    if further and 0 < recipe.early_stopping <= waited:
        raise UsageError(
            f"{source.name} ended early, {waited} epochs after its best one: it is continued with"
            f" --set early_stopping=N, N above {waited}"
        )
    if not further and recipe.epochs == renamed(source.facts["parameters"])["epochs"]:
        raise UsageError(
            f"nothing is different from {source.name}: --set epochs=N continues it, N above"
            f" {source.epochs}; with another setting, such as --seed, a run starts from its weights"
        )
    return further


def _changes(
    source: Source,
    recipe: Recipe,
    identity: RunIdentity,
    facts: Sequence[str],
    *,
    settings: bool = False,
) -> list[str]:
    """Say which of these facts, and if asked which settings, were others up to the last epoch."""
    now = asdict(identity)
    then = {name: source.facts[name] for name in facts if name in source.facts}
    then["parameters"] = parameters = now["parameters"]
    if settings:
        before = renamed(source.facts["parameters"])
        stop = before.get("early_stopping") and recipe.early_stopping
        free = (*_NO_WEIGHTS, *(["early_stopping"] if stop else ()))
        then["parameters"] = before | {name: parameters[name] for name in free}
    return changes(then, now, recipe)


def _last_checkpoint(source: Source) -> Path:
    path = CheckpointFolder(source.folder / CHECKPOINTS).last()
    if path is None:
        raise TrainingError(
            f"{source.name} can't be continued: it has no checkpoint, which earlier releases"
            " removed; with another setting, such as --seed, a run starts from its weights"
        )
    return path


def _remarks(source: Source, recipe: Recipe, identity: RunIdentity) -> str:
    found = ""
    if recipe.schedule != "constant":
        found = (
            f"; its learning rate, which fell to 0 by epoch {source.facts['parameters']['epochs']},"
            f" is that of a schedule of {recipe.epochs} epochs from here on"
        )
    since = _changes(source, recipe, identity, _ELSEWHERE)
    return f"{found} (since then: {'; '.join(since)})" if since else found
