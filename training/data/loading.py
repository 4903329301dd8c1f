"""From a recipe to its data set, wherever that comes from."""

from pathlib import Path

import numpy as np
from rich.console import Console

from serving.photos import PREPARATIONS
from training.data.datasets import DataSet
from training.data.registry import dataset_named
from training.errors import TrainingError, UsageError
from training.progress_bars import counting
from training.recipe import Recipe


def load(recipe: Recipe, folder: Path | None, console: Console) -> DataSet:
    """Load the data set of a recipe and print what it holds.

    Raises:
        UsageError: there is no such data set or preparation.
        TrainingError: the data set is missing or damaged.
    """
    if recipe.preparation not in PREPARATIONS:
        known = ", ".join(PREPARATIONS)
        raise UsageError(f"preparation is one of {known}, not {recipe.preparation!r}")
    chosen = dataset_named(recipe.dataset)
    with counting(console, "preparing photos") as progress:
        data = chosen.load(recipe, folder, progress)
    console.print(
        f"{data.name}: {len(data.training):,} photos to train on,"
        f" {len(data.validation):,} for validation, {len(data.test):,} for the test",
        highlight=False,
        soft_wrap=True,
    )
    for fault in data.damaged:
        console.print(f"set aside: {fault}", highlight=False, markup=False, soft_wrap=True)
    return data


def check_photos(recipe: Recipe, data: DataSet) -> None:
    """Check that a network can be fitted to a data set.

    Raises:
        TrainingError: the photos have another shape than the recipe's, or are not uint8.
    """
    for split in data.splits:
        shape, dtype = split.photos.shape[1:], np.asarray(split.photos[:1]).dtype
        if shape != recipe.shape or dtype != np.uint8:
            found, wanted = ("×".join(map(str, sides)) for sides in (shape, recipe.shape))
            raise TrainingError(
                f"{data.name} has photos of {found} ({dtype}); {recipe.name} takes {wanted} (uint8)"
            )
