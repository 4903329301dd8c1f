"""From a recipe to its data set, wherever that comes from."""

from pathlib import Path

from rich.console import Console

from training.data.cats_dogs import load_cats_dogs
from training.data.datasets import DataSet
from training.data.fashion_mnist import load_fashion_mnist
from training.data.image_folders import load_image_folder
from training.data.mnist import load_mnist
from training.progress_bars import counting
from training.recipe import Recipe
from training.recipes.images import ANY_PHOTOS


def load(recipe: Recipe, folder: Path | None, console: Console) -> DataSet:
    """Load the data set of a recipe and say what it holds.

    Raises:
        TrainingError: it is not there, or damaged.
    """
    data = _load(recipe, folder, console)
    console.print(
        f"{data.name}: {len(data.training):,} photos to train on,"
        f" {len(data.validation):,} for validation, {len(data.test):,} for the test",
        highlight=False,
        soft_wrap=True,
    )
    for fault in data.damaged:
        console.print(f"set aside: {fault}", highlight=False, markup=False, soft_wrap=True)
    return data


def _load(recipe: Recipe, folder: Path | None, console: Console) -> DataSet:
    if recipe.dataset == "fashion-mnist":
        return load_fashion_mnist(folder, recipe.held_out)
    if recipe.dataset == "mnist":
        return load_mnist(folder, recipe.held_out)
    prepared = recipe.preparation, recipe.shape
    with counting(console, "preparing photos") as progress:
        if recipe.dataset == ANY_PHOTOS:
            return load_image_folder(folder, recipe.model, recipe.split, *prepared, progress)
        return load_cats_dogs(folder, *prepared, progress, recipe.split)
