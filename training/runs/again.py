"""The command that makes a run again."""

import shlex
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

from training.errors import TrainingError
from training.overrides import changed_settings, renamed, shown_value, with_defaults
from training.recipe import ANY_PHOTOS, Recipe
from training.recipes import recipe_of_run
from training.runs.identity import changes, code_of, package_versions

UNFINISHED = ("interrupted", "stopped", "failed", "trained")
"""Statuses of runs that the same command resumes."""


def own_recipe(facts: Mapping[str, Any]) -> Recipe | None:
    """Return the recipe of a run as it is now, without overrides; None if it is gone."""
    try:
        return recipe_of_run(dict(facts))
    except TrainingError:
        return None


def settings_of(facts: Mapping[str, Any], own: Recipe | None) -> dict[str, Any]:
    """Return all settings of a run by their names of today."""
    parameters = renamed(facts["parameters"])
    return with_defaults(parameters, own) if own else parameters


def changed_since(facts: Mapping[str, Any], own: Recipe | None) -> dict[str, Any]:
    """Return the settings of a run that its recipe, as it is now, does not have by itself."""
    if own is None:
        return dict(facts.get("changed") or {})
    return changed_settings(settings_of(facts, own), own)


def command_again(facts: Mapping[str, Any], runs: Path, *, fresh: bool) -> str:
    """Return the command that makes a run again, for a shell.

    Args:
        facts: of the run.
        runs: folder of the runs.
        fresh: make another run, rather than find or resume this one.
    """
    backend = facts.get("backend") or "tensorflow"
    words = ["python", "-m", "training", "run", *_words(facts, own_recipe(facts))]
    if runs != Path("runs"):
        words += ["--runs", str(runs)]
    if fresh:
        words.append("--fresh")
    return (f"KERAS_BACKEND={backend} " if backend != "tensorflow" else "") + shlex.join(words)


def _words(facts: Mapping[str, Any], own: Recipe | None) -> Iterator[str]:
    yield from ["--recipe", facts["recipe_file"]] if facts.get("recipe_file") else [facts["recipe"]]
    for name, value in changed_since(facts, own).items():
        if name == "own.photos" and facts.get("own_photos"):  # Settings have its name alone.
            yield from ("--also", facts["own_photos"])
            continue
        yield from ("--set", f"{name}={shown_value(value)}")
    own_photos = facts.get("dataset") == ANY_PHOTOS
    if own is None or own_photos or facts["model"] != own.model:
        yield from ("--name", facts["model"])
    if own_photos:
        yield from ("--shape", "x".join(map(str, facts["input_shape"])))
        yield from ("--preparation", facts["preparation"])
    for option, fact in (
        ("--photos" if own_photos else "--data", "data_folder"),
        ("--from", "from"),
    ):
        if facts.get(fact):
            yield from (option, facts[fact])
    if facts.get("deterministic"):
        yield "--deterministic"


def different_today(facts: Mapping[str, Any], own: Recipe | None) -> list[str]:
    """Say why a run with the same settings and photos would not be the same today."""
    if own is None:
        return ["its recipe is gone"]
    now: dict[str, Any] = {
        "parameters": settings_of(facts, own),
        "code": code_of(own),
        "preparation": own.preparation,
        "input_shape": own.shape,
    }
    try:
        now["packages"] = package_versions(facts.get("backend") or "tensorflow")
    except PackageNotFoundError as error:
        return [f"{error.name} is not installed here"]
    except KeyError:
        return [f"there is no backend {facts['backend']!r}"]
    return changes(facts, now, own)
