"""The recipes: one short module each, holding one `Recipe` named `RECIPE`."""

from training.errors import UsageError
from training.recipe import Recipe
from training.recipes import (
    cats_dogs_cnn,
    cats_dogs_finetune,
    cats_dogs_mobilenet,
    cats_dogs_published,
    clothing_cnn,
    clothing_dense128_adam,
    clothing_dense512_adam,
    clothing_dense800_sgd,
    clothing_fast,
    clothing_starter,
    clothing_wide,
    digits_dense800_adam,
    images,
)

RECIPES: dict[str, Recipe] = {
    module.RECIPE.name: module.RECIPE
    for module in (
        clothing_dense800_sgd,
        clothing_dense128_adam,
        clothing_dense512_adam,
        clothing_fast,
        clothing_cnn,
        clothing_starter,
        clothing_wide,
        digits_dense800_adam,
        cats_dogs_cnn,
        cats_dogs_mobilenet,
        cats_dogs_finetune,
        images,
    )
} | {recipe.name: recipe for recipe in cats_dogs_published.RECIPES}

DEFAULTS = {"clothing": "clothing-starter", "cats-dogs": "cats-dogs-cnn"}
"""The recipe of each model that `make train` runs and that its starter model comes from."""


def recipe_named(name: str) -> Recipe:
    """Return a recipe.

    Raises:
        UsageError: there is none of that name.
    """
    recipe = RECIPES.get(name) or images.images_recipe(name)
    if recipe is None:
        raise UsageError(
            f"there is no recipe {name!r}; there are {', '.join(RECIPES)}, and images-<backbone>"
            " for the backbones of keras.applications"
        )
    return recipe


def default_recipe(model: str) -> Recipe:
    """Return the default recipe of a model.

    Raises:
        UsageError: no recipe is the default of a model of that name.
    """
    if model not in DEFAULTS:
        raise UsageError(f"there is no model {model!r}; there are {', '.join(DEFAULTS)}")
    return RECIPES[DEFAULTS[model]]
