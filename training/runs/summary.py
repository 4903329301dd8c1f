"""What a list of runs says about each of them. No framework is imported here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.repository.errors import ConfigError, VersionsError
from serving.repository.versions import published_versions
from training.console import counted
from training.errors import TrainingError
from training.model_cards import CARD, read_card
from training.overrides import changed_settings, renamed, shown_value, with_defaults
from training.recipes import recipe_of_run
from training.runs.folders import RUN, read_run, worked_on_by
from training.runs.history import chosen_epoch, read_history
from training.runs.references import run_folders

STATUSES = (
    "running",
    "interrupted",
    "stopped",
    "failed",
    "trained",
    "evaluated",
    "refused",
    "published",
)
_SERVED = ".serving.config"


@dataclass(frozen=True)
class RunSummary:
    """One run.

    Attributes:
        folder: of the run.
        recipe: name of the recipe.
        model: name of the model.
        data_folder: where its data sets were looked for; None if not recorded, or nowhere.
        changed: settings that differ from the recipe's own; from those of today, if it was not
            recorded.
        options: what else tells it from other runs: `deterministic`, `backend jax`, `from …`.
        status: one of `STATUSES`. Interrupted: it was killed, or its machine was lost; the same
            command resumes it.
        progress: the status, with the epoch if it has not fitted all of them.
        reason: why it failed or was refused.
        process: which one works on it.
        epochs: how many are fitted, and of how many.
        validation_accuracy: of the result, or of the last epoch; None if not known.
        version: `<model>/<number>` that it published.
        version_state: `serves`, `kept` or `removed`.
        began: time in ISO 8601; empty if not recorded.
        updated: likewise.
    """

    folder: Path
    recipe: str
    model: str
    data_folder: str | None
    changed: dict[str, Any]
    options: tuple[str, ...]
    status: str
    progress: str
    reason: str
    process: str | None
    epochs: tuple[int, int]
    validation_accuracy: float | None
    version: str | None
    version_state: str | None
    began: str
    updated: str

    @property
    def settings(self) -> str:
        """What tells it from other runs of the recipe, such as `epochs=5, deterministic`."""
        changed = (f"{name}={shown_value(value)}" for name, value in self.changed.items())
        return ", ".join([*changed, *self.options])


def summaries(runs: Path) -> tuple[list[RunSummary], list[str]]:
    """Return the runs below a folder, the newest first, and a line for each that can't be read."""
    found, faults = [], []
    for folder in run_folders(runs):
        try:
            found.append(summary(folder))
        except TrainingError as error:
            faults.append(str(error))
    found.sort(key=lambda each: (each.began, each.updated), reverse=True)
    return found, [*faults, *_without_run(runs)]


def summary(folder: Path) -> RunSummary:
    """Return what is known about a run.

    Raises:
        TrainingError: its `run.json` is damaged.
    """
    process, facts = worked_on_by(folder), read_run(folder)
    try:
        return _summary(folder, facts, process)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"{type(error).__name__}: {error}"
        raise TrainingError(f"{folder / RUN} is not that of a run ({what})") from error


def changed_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run that are not its recipe's own: as recorded, or as of today.

    Args:
        facts: of the run, or its model card.
    """
    if "changed" in facts:
        return dict(facts["changed"])
    try:
        own = recipe_of_run(dict(facts), named=facts["recipe"])
    except TrainingError:  # It is gone, or in a file, which is not run just to list its runs.
        return {}
    return changed_settings(with_defaults(renamed(facts["parameters"]), own), own)


def _summary(folder: Path, facts: dict[str, Any], process: str | None) -> RunSummary:
    history = _history(folder)
    trained = facts.get("trained") or {}
    version = Path(facts["version"]) if facts.get("version") else None
    status = _status(folder, facts, process)
    epochs = (
        int(history[-1]["epoch"]) if history else 0,
        int(renamed(facts["parameters"])["epochs"]),
    )
    return RunSummary(
        folder=folder,
        recipe=facts["recipe"],
        model=facts["model"],
        data_folder=facts.get("data_folder"),
        changed=changed_of(facts),
        options=tuple(_options(facts)),
        status=status,
        progress=_progress(status, facts["status"], *epochs),
        reason=str(facts.get("reason") or "") if status in ("failed", "refused") else "",
        process=process,
        epochs=epochs,
        validation_accuracy=_validation_accuracy(folder, chosen_epoch(history, trained)),
        version=f"{version.parent.name}/{version.name}" if version else None,
        version_state=_version_state(folder, version) if version else None,
        began=str(facts.get("began") or trained.get("began") or facts.get("updated") or ""),
        updated=str(facts.get("updated") or ""),
    )


def _status(folder: Path, facts: dict[str, Any], process: str | None) -> str:
    noted = facts["status"]
    if noted in ("new", "fitting"):
        return "running" if process else "interrupted"
    if noted == "trained":
        if process:
            return "running"
        # Earlier releases left it at that where no SavedModel could be written.
        return "evaluated" if (folder / CARD).is_file() else noted
    if noted not in STATUSES:
        raise ValueError(f"unknown status {noted!r}")
    return str(noted)


def _progress(status: str, noted: str, fitted: int, epochs: int) -> str:
    if status == "running":
        what = (
            "evaluating" if noted == "trained" else f"epoch {min(fitted + 1, epochs)} of {epochs}"
        )
        return f"running, {what}"
    unfinished = status in ("interrupted", "stopped", "failed") and fitted < epochs
    return f"{status} after {fitted} of {counted(epochs, 'epoch')}" if unfinished else status


def _options(facts: dict[str, Any]) -> Iterator[str]:
    if facts.get("from"):
        yield f"from {facts['from']}"
    if facts.get("deterministic"):
        yield "deterministic"
    if facts.get("backend", "tensorflow") != "tensorflow":
        yield f"backend {facts['backend']}"


def _history(folder: Path) -> list[dict[str, Any]]:
    try:
        return read_history(folder)
    except TrainingError:  # The report says so; the list does without it.
        return []


def _validation_accuracy(folder: Path, epoch: dict[str, Any]) -> float | None:
    try:
        return float(read_card(folder / CARD)["metrics"]["validation"]["accuracy"])
    except (TrainingError, KeyError, TypeError, ValueError):
        accuracy = epoch.get("val_accuracy")
        return None if accuracy is None else float(accuracy)


def _version_state(run: Path, version: Path) -> str:
    """Return whether a version serves, is kept or was removed.

    A relative path is one of the folder where the command was given, usually that of `runs`.
    """
    above = run.absolute().parent.parent.parent
    try:
        places = [place for place in (version, above / version) if place.is_dir()]
        if not places:
            return "removed"
        return "serves" if int(version.name) in _serving(places[0].parent) else "kept"
    except (ConfigError, VersionsError, OSError):
        return "kept"


def _serving(base: Path) -> set[int]:
    published = published_versions(base)
    if not (base / _SERVED).exists():
        return set(published[-1:])
    # Imports protobuf, which takes a moment.
    from serving.repository.served_versions import read_served, selected_versions

    return selected_versions(read_served(base), published)


def _without_run(runs: Path) -> Iterator[str]:
    """Yield a line for each folder among the runs of a recipe that is none."""
    for recipe in sorted({folder.parent for folder in run_folders(runs)}):
        for folder in sorted(recipe.iterdir()):
            if folder.is_dir() and not (folder / RUN).exists():
                yield f"{folder} is not the folder of a run: it has no {RUN}"
