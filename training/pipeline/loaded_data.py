"""Loading the data of a recipe with its backbone, for one run or for many in the same process."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from training.data.datasets import DataSet
from training.data.loading import check_photos, load
from training.networks.backbone import Backbone, load_backbone
from training.recipe import Recipe
from training.settings import BackboneNetwork


def loaded(recipe: Recipe, folder: Path | None, console: Console) -> DataSet:
    """Load the data of a recipe, with its backbone if it has one."""
    data = load(recipe, folder, console)
    check_photos(recipe, data)
    if not isinstance(recipe.network, BackboneNetwork):
        return data
    return replace(data, backbone=load_backbone(recipe, folder, console))


class KeptData:
    """Does the same as `loaded`, and keeps what it has loaded last for further recipes."""

    def __init__(self) -> None:
        self._data: dict[Any, DataSet] = {}
        self._backbones: dict[Any, Backbone] = {}

    def __call__(self, recipe: Recipe, folder: Path | None, console: Console) -> DataSet:
        """Return the data of a recipe; the photos are shared with all others that it returns."""
        loader = recipe.dataset, recipe.model, recipe.preparation, recipe.shape, recipe.file_digest
        read = recipe.held_out, recipe.split_seed, recipe.own.photos, folder  # By loaders.
        key = (*loader, *read)
        if key not in self._data:
            self._data = {}  # The former photos need not stay in memory.
            self._data[key] = load(recipe, folder, console)
        data = self._data[key]
        check_photos(recipe, data)
        if not isinstance(recipe.network, BackboneNetwork) or recipe.head is None:
            return data
        random = recipe.seed if recipe.network.weights == "random" else None
        ends = recipe.fine_tuning, recipe.head.pooling  # What decides where features are taken.
        built = recipe.network, recipe.shape, ends, random, folder
        if built not in self._backbones:
            self._backbones = {built: load_backbone(recipe, folder, console)}
        return replace(data, backbone=self._backbones[built])
