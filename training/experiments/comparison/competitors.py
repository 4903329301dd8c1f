"""The recipes that are compared, as the command line names them: `NAME:setting=value,…`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from training.errors import UsageError
from training.experiments.study_folder import study_name
from training.overrides import on_own_photos, override
from training.recipe import Recipe
from training.recipes import recipe_named

_SETTINGS = re.compile(r":(?=[a-z_.]+=)")
_NEXT = re.compile(r",(?=[a-z_.]+=)")  # A comma within a value is followed by no name.
_REPEATED = 1_000_000  # Between the seeds of a recipe that is compared with itself.

SAME = ("dataset", "split_seed")


@dataclass(frozen=True)
class Competitor:
    """One of the recipes that are compared.

    Attributes:
        label: for people: the recipe's name, and the settings that were named with it.
        recipe: with these settings.
        repeat: how many equal ones come before it; it differs from these by its seeds.
    """

    label: str
    recipe: Recipe
    repeat: int = 0

    def on_split(self, number: int) -> Recipe:
        """Return the recipe with the seed for a split, from 1: the split's number."""
        return replace(self.recipe, seed=number + _REPEATED * self.repeat)


def read_competitors(
    references: Sequence[str], assignments: Sequence[str] = (), photos: Path | None = None
) -> list[Competitor]:
    """Read the recipes of a comparison.

    Args:
        references: each the name of a recipe or the path of its file, perhaps followed by `:` and
            settings of this one alone: `clothing-fast:batch_size=256,epochs=8`.
        assignments: settings of all of them, `name=value`.
        photos: of one's own, in place of the recipes' data set.

    Raises:
        UsageError: fewer than two, an unknown recipe or setting, or recipes for different photos.
    """
    named: list[tuple[str, Recipe]] = []
    for reference in references:
        name, own = name_and_settings(reference)
        recipe = recipe_named(name)
        label = ":".join([recipe.name, ",".join(own)] if own else [recipe.name])
        recipe = override(on_own_photos(recipe) if photos else recipe, [*assignments, *own])
        if any(each.startswith("seed=") for each in (*assignments, *own)):
            raise UsageError("seed has no effect: each split is trained with a seed of its own")
        named.append((label, recipe))
    return competitors(named)


def name_and_settings(reference: str) -> tuple[str, list[str]]:
    """Return the name or path of a recipe, and the settings of this one alone, `name=value`."""
    name, *settings = _SETTINGS.split(reference, maxsplit=1)
    return name, [each for listed in settings for each in _NEXT.split(listed)]


def competitors(named: Sequence[tuple[str, Recipe]]) -> list[Competitor]:
    """Return recipes, given with their labels, as competitors.

    Raises:
        UsageError: fewer than two, or recipes for different photos.
    """
    if len(named) < 2:
        raise UsageError("name at least two recipes, or two versions such as clothing/1 clothing/2")
    found: list[Competitor] = []
    for label, recipe in named:
        repeat = sum(each.recipe == recipe for each in found)
        found.append(Competitor(f"{label} ({repeat + 1})" if repeat else label, recipe, repeat))
    _check(found)
    return found


def comparison_name(found: Sequence[Competitor]) -> str:
    """Return the name of the study of recipes that are compared."""
    return study_name("-vs-".join(each.label for each in found))


def _check(found: Sequence[Competitor]) -> None:
    """Check that recipes are for the same photos, and have different labels."""
    first = found[0]
    for other in found[1:]:
        for name in SAME:
            ours, theirs = getattr(first.recipe, name), getattr(other.recipe, name)
            if ours != theirs:
                raise UsageError(
                    f"{first.label} and {other.label} are for different photos: {name} is {ours}"
                    f" and {theirs}; compare recipes on the same photos"
                )
    labels = [competitor.label for competitor in found]
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise UsageError(f"two different recipes are called {twice[0]}: rename one of them")
