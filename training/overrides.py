"""Hyperparameters of a recipe by name: listing them, and changing them with `--set name=value`."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from training.errors import UsageError
from training.recipe import ANY_PHOTOS, Recipe

FORMER_NAMES = {"split": "split_seed"}
"""Hyperparameters that runs, cards and results of earlier releases name otherwise."""

_SEEDS = ("split_seed", "seed")

# What a recipe is about, rather than a hyperparameter of it.
_FIXED = (
    "name",
    "model",
    "what",
    "expected",
    "reference_result",
    "floor",
    "dataset",
    "preparation",
    "shape",
    "file",
    "file_digest",
)


def hyperparameters(recipe: Recipe) -> dict[str, Any]:
    """Return every hyperparameter of a recipe by the dotted name that `--set` takes."""
    known: dict[str, Any] = {}
    for name, value in _members(recipe):
        if is_dataclass(value):
            known |= {f"{name}.{inner}": number for inner, number in _members(value)}
        elif value is not None and name not in _FIXED:
            known[name] = value
    return known


def recorded_settings(recipe: Recipe) -> dict[str, Any]:
    """Return the hyperparameters as they are recorded: own photos by their name, without a path."""
    return {**hyperparameters(recipe), "own.photos": Path(recipe.own.photos).name}


def changed_settings(parameters: Mapping[str, Any], own: Recipe) -> dict[str, Any]:
    """Return those of a run's hyperparameters that differ from its recipe's, the seeds last.

    Args:
        parameters: by name, perhaps from a JSON file.
        own: the recipe without overrides.
    """
    known = hyperparameters(own)
    values = {n: tuple(v) if isinstance(v, list) else v for n, v in parameters.items()}
    changed = [name for name in values if name not in known or known[name] != values[name]]
    return {name: values[name] for name in sorted(changed, key=_SEEDS.__contains__)}


def renamed(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Return hyperparameters that may be of an earlier release by the names of today."""
    return {FORMER_NAMES.get(name, name): value for name, value in parameters.items()}


def with_defaults(parameters: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Return recorded hyperparameters, and those that were not recorded with their defaults.

    Settings are added over time, with a default that changes nothing. An optional part (`head`) of
    which nothing was recorded was absent, and gets no values.
    """
    known: dict[str, Any] = {}
    for field in fields(recipe):
        part = getattr(recipe, field.name)
        if not is_dataclass(part):
            known[field.name] = field.default
        elif any(name.startswith(f"{field.name}.") for name in parameters):
            known |= {f"{field.name}.{inner.name}": inner.default for inner in fields(part)}
        elif is_dataclass(field.default):
            known |= {f"{field.name}.{name}": value for name, value in _members(field.default)}
    named = hyperparameters(recipe)
    added = {name: value for name, value in known.items() if name in named and value is not MISSING}
    return {**added, **parameters}


def override(recipe: Recipe, assignments: Sequence[str]) -> Recipe:
    """Return the recipe with `name=value` assignments applied; of several to a name, the last.

    Raises:
        UsageError: no `=`, an unknown name, a value of the wrong type or out of range, or settings
            that don't go together.
    """
    known = hyperparameters(recipe)
    changes: dict[str, dict[str, Any]] = defaultdict(dict)
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        name = FORMER_NAMES.get(name, name)
        if not equals:
            raise UsageError(f"--set takes name=value, not {assignment!r}")
        if name not in known:
            raise UsageError(
                f"{recipe.name} has no setting {name!r}; it has {', '.join(sorted(known))}"
            )
        group, _, inner = name.rpartition(".")
        changes[group][inner] = _parsed(name, text, known[name])
    changed = changes.pop("", {})
    for group, inner_changes in changes.items():
        try:
            changed[group] = replace(getattr(recipe, group), **inner_changes)
        except UsageError as error:
            raise UsageError(f"{group}.{error}") from None
    return replace(recipe, **changed)


def on_own_photos(
    recipe: Recipe, shape: tuple[int, int, int] | None = None, preparation: str | None = None
) -> Recipe:
    """Return the recipe for photos of one's own, in place of its data set.

    What is about its data set is left out: the name of the model, the floor of the accuracy, and
    the photos held out for validation, which are split off photos of one's own anyway. So are
    snapshots, where the preparation is another one: they are of garments on black.

    Args:
        recipe: any.
        shape: height, width and channels of the model's input; None: the recipe's.
        preparation: from photo to pixels; None: the recipe's if it has as many channels, otherwise
            the whole photo (`squash/1`).

    Raises:
        UsageError: the recipe's network does not take photos of this shape.
    """
    shape = shape or recipe.shape
    if not preparation:
        preparation = recipe.preparation if shape[2] == recipe.shape[2] else "squash/1"
    return replace(
        recipe,
        model=ANY_PHOTOS,
        dataset=ANY_PHOTOS,
        shape=shape,
        preparation=preparation,
        snapshots=recipe.snapshots if preparation == recipe.preparation else None,
        held_out=0.0,
        floor=0.0,
        expected="not run on these photos yet",
        reference_result="",
    )


def restored(
    recipe: Recipe, model: str, parameters: Mapping[str, Any], own_photos: str | None = None
) -> Recipe:
    """Return the recipe as a run of it was, from what JSON has kept of that.

    A setting that did not exist yet has its default, even if the recipe has changed it since.

    Args:
        recipe: as it is now.
        model: the name under which it was to be published.
        parameters: of `recorded_settings`.
        own_photos: where its own photos are now; None: there are none, or it is not known.

    Raises:
        UsageError: the recipe does not have these settings any more.
    """
    parameters = with_defaults(renamed(parameters), recipe)
    if parameters.get("own.photos"):
        parameters = {**parameters, "own.photos": own_photos or parameters["own.photos"]}
    assignments = [f"{name}={shown_value(value)}" for name, value in parameters.items()]
    return replace(override(recipe, assignments), model=model)


def shown_value(value: Any) -> str:
    """Return a value as `--set` takes it."""
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _members(holder: Any) -> list[tuple[str, Any]]:
    return [(field.name, getattr(holder, field.name)) for field in fields(holder)]


def _parsed(name: str, text: str, present: Any) -> Any:
    parse, kind = _PARSERS[type(present)]
    try:
        value = parse(text)
    except (KeyError, ValueError):
        raise UsageError(f"{name} is {kind} (now {shown_value(present)}), not {text!r}") from None
    if isinstance(present, tuple) and len(value) != len(present):
        raise UsageError(
            f"{name} has {len(present)} numbers (now {shown_value(present)}), not {text!r}"
        )
    return value


def _finite(text: str) -> float:
    value = float(text)
    if not abs(value) < float("inf"):
        raise ValueError(text)
    return value


_PARSERS: dict[type, tuple[Callable[[str], Any], str]] = {
    bool: (lambda text: {"true": True, "false": False}[text.lower()], "true or false"),
    int: (int, "a whole number"),
    float: (_finite, "a number"),
    str: (str, "a word"),
    tuple: (lambda text: tuple(int(part) for part in text.split(",")), "whole numbers with commas"),
}
