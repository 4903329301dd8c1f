"""The recipes: one short module each, with one `RECIPE` or several `RECIPES`."""

import contextlib
import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import UsageError
from training.overrides import on_own_photos
from training.recipe import ANY_PHOTOS, Recipe
from training.recipe_file import read_recipe
from training.recipes import images


def _listed() -> Iterator[Recipe]:
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        found = importlib.import_module(module.name)
        yield from getattr(found, "RECIPES", None) or [found.RECIPE]


RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in _listed()}


@dataclass(frozen=True)
class Default:
    """The names of the recipes that `make train` runs for a model, without and with a GPU."""

    cpu: str
    gpu: str


DEFAULTS = {
    "clothing": Default(cpu="clothing-starter", gpu="clothing-wide"),
    "cats-dogs": Default(cpu="cats-dogs-finetune", gpu="cats-dogs-efficientnetv2s"),
}
"""The default recipes of each model."""

STARTER_RECIPES = {"clothing": "clothing-starter", "cats-dogs": "cats-dogs-cnn"}
"""The recipe of each starter model: small, and made without other people's weights."""


def recipe_named(name: str) -> Recipe:
    """Return a recipe of the project by its name, or one of your own by the path of its file.

    Raises:
        UsageError: there is no recipe of that name, or no file of a recipe.
    """
    if name.endswith(".py"):
        own = read_recipe(Path(name))
        if own.name in RECIPES:
            raise UsageError(f"{name}: the project has a recipe {own.name}, choose another name")
        return own
    recipe = RECIPES.get(name) or images.images_recipe(name)
    if recipe is None:
        raise UsageError(
            f"there is no recipe {name!r}; there are {', '.join(RECIPES)}, images-<backbone> for"
            " the backbones of keras.applications, and path/to/recipe.py for your own"
        )
    return recipe


def unchanged(recipe: Recipe) -> Recipe:
    """Return a recipe without its overrides, on the same photos.

    It is the recipe itself if it is none that `recipe_named` finds.
    """
    with contextlib.suppress(UsageError):
        own = recipe_named(recipe.file or recipe.name)
        if recipe.dataset == ANY_PHOTOS != own.dataset:
            own = on_own_photos(own, recipe.shape, recipe.preparation)
        return own
    return recipe


def recipe_of_run(facts: dict[str, Any], named: str | Recipe | None = None) -> Recipe:
    """Return the recipe of a run, as it is now; on photos of one's own if the run is.

    Args:
        facts: of the run.
        named: a recipe, name or path to take instead of what the run has noted.

    Raises:
        UsageError: it is not there any more, or another one.
    """
    file = facts.get("recipe_file")
    if file and not named and not Path(file).is_file():
        raise UsageError(
            f"the recipe file {file} of this run is gone: name where it is now with --recipe"
        )
    recipe = named if isinstance(named, Recipe) else recipe_named(named or file or facts["recipe"])
    if recipe.name != facts["recipe"]:
        raise UsageError(f"this run is of {facts['recipe']}, not of {recipe.name}")
    if facts.get("dataset") != ANY_PHOTOS:  # Earlier releases noted none.
        return recipe
    shape, preparation = tuple(facts["input_shape"]), facts["preparation"]
    if (recipe.dataset, recipe.shape, recipe.preparation) == (ANY_PHOTOS, shape, preparation):
        return recipe
    return on_own_photos(recipe, shape, preparation)


def default_of(model: str) -> Default:
    """Return the default recipes of a model.

    Raises:
        UsageError: the model has no default recipes.
    """
    if model not in DEFAULTS:
        raise UsageError(f"there is no model {model!r}; there are {', '.join(DEFAULTS)}")
    return DEFAULTS[model]
