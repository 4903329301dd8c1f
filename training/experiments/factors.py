"""The factors of a sweep: which settings of a recipe vary, and over which values; and its goal.

No framework is imported here: a sweep is checked against its recipe within a moment.
"""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from training.errors import UsageError
from training.overrides import hyperparameters, override, shown_value
from training.recipe import Recipe

Design = Literal["grid", "one-at-a-time"]
"""`grid`: all combinations; `one-at-a-time`: each factor alone, the others as in the recipe."""

Goal = Literal["validation_accuracy", "validation_loss"]
"""What the best setting is best in: the highest accuracy, or the lowest loss."""


@dataclass(frozen=True)
class Level:
    """One value of a factor.

    Attributes:
        label: for people: tables, plots and the study have it.
        assignments: what it sets, each `name=value` as `--set` takes it.
    """

    label: str
    assignments: tuple[str, ...]


@dataclass(frozen=True)
class Factor:
    """Something that a sweep varies: a setting, or several settings that change together.

    Attributes:
        name: of the setting, or a name for people where a level sets several settings.
        levels: in the order of tables and plots.
        alone: in a grid, it is not combined with the others: while it varies, they are as in the
            recipe.
    """

    name: str
    levels: tuple[Level, ...]
    alone: bool = False


def setting(name: str, *values: Any, alone: bool = False) -> Factor:
    """Return the factor of one setting, such as `setting("epochs", 50, 75, 100)`."""
    texts = [value if isinstance(value, str) else shown_value(value) for value in values]
    return Factor(name, tuple(Level(text, (f"{name}={text}",)) for text in texts), alone)


def variants(name: str, levels: Mapping[str, Sequence[str]], *, alone: bool = False) -> Factor:
    """Return a factor whose levels set several settings: a label, and what it sets."""
    return Factor(name, tuple(Level(label, tuple(sets)) for label, sets in levels.items()), alone)


def read_factor(text: str) -> Factor:
    """Read what `--grid` takes: `name=value,value,…`; `;` separates values that have commas.

    Raises:
        UsageError: it has no name, or no values, or one of them twice.
    """
    name, equals, listed = text.partition("=")
    values = [value.strip() for value in listed.split(";" if ";" in listed else ",")]
    if not (name and equals and all(values)):
        raise UsageError(f"--grid takes name=value,value,… such as epochs=5,10,20, not {text!r}")
    if len(set(values)) < len(values):
        raise UsageError(f"--grid {text}: a value is named twice")
    return setting(name, *values)


@dataclass(frozen=True)
class Setting:
    """One combination of levels: what one trial trains.

    Attributes:
        levels: the label of the level of each factor. Of those that do not vary here, the label of
            the recipe's own value, or `as in the recipe`.
        recipe: with these settings.
    """

    levels: dict[str, str]
    recipe: Recipe


OWN = "as in the recipe"


def combinations(recipe: Recipe, factors: Sequence[Factor], design: Design) -> list[Setting]:
    """Return all settings of a sweep, each once, with values checked against the recipe.

    Raises:
        UsageError: a factor is named twice, or a setting is unknown, of the wrong type, out of
            range, or without effect in this combination.
    """
    names = [factor.name for factor in factors]
    if twice := [name for name in names if names.count(name) > 1]:
        raise UsageError(f"{twice[0]} varies twice: give all of its values to one factor")
    own = {factor.name: own_level(recipe, factor) for factor in factors}
    found: dict[str, Setting] = {}
    for chosen in _chosen(factors, design):
        levels = own | {name: level.label for name, level in chosen.items()}
        varied = override(recipe, [each for level in chosen.values() for each in level.assignments])
        found.setdefault(str(hyperparameters(varied)), Setting(levels, varied))
    return list(found.values())


def _chosen(factors: Sequence[Factor], design: Design) -> Iterator[dict[str, Level]]:
    together = [factor for factor in factors if design == "grid" and not factor.alone]
    if together:
        for levels in itertools.product(*(factor.levels for factor in together)):
            yield dict(zip((factor.name for factor in together), levels, strict=True))
    for factor in factors:
        if factor not in together:
            yield from ({factor.name: level} for level in factor.levels)


def own_level(recipe: Recipe, factor: Factor) -> str:
    """Return the label of the level that changes nothing."""
    for level in factor.levels:
        if override(recipe, level.assignments) == recipe:
            return level.label
    own = hyperparameters(recipe).get(factor.name, OWN)
    return own if isinstance(own, str) else shown_value(own)
