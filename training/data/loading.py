"""Data sets by the names that recipes give them: registering a loader, and running it.

`@dataset` registers a loader: in a module of `training.data.loaders`, or in the file of a recipe
that is not part of the project.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from serving.photos import PREPARATIONS
from training.console import say, say_left_out
from training.data.additions import with_own_photos
from training.data.class_balance import class_counts, imbalance
from training.data.datasets import DataSet
from training.errors import TrainingError, UsageError
from training.progress_bars import ProgressCallback, counting
from training.recipe import Recipe

Loader = Callable[[Recipe, Path | None, ProgressCallback], DataSet]
"""From a recipe, the folder that `--data` names and a callback to the data set.

Raises `TrainingError` if the files are missing or damaged.
"""


@dataclass(frozen=True)
class Registered:
    """A registered data set.

    Attributes:
        load: the loader.
        reads: which of a recipe's settings `held_out`, `split_seed` and `other` the loader reads.
        source: content of the file that registered it.
        classes: their number; 0 if it depends on the photos.
        public: anybody can see its photos, so cards of models may hold some.
    """

    load: Loader
    reads: frozenset[str]
    source: bytes
    classes: int = 0
    public: bool = False


_registered: dict[str, Registered] = {}


def dataset(
    name: str, reads: Collection[str] = (), classes: int = 0, public: bool = False
) -> Callable[[Loader], Loader]:
    """Register a loader as the data set that recipes call `name`.

    Args:
        name: as in `Recipe.dataset`.
        reads: which of `held_out`, `split_seed` and `other` the loader reads: setting another one
            is an error.
        classes: their number, if it is always the same; `show-model` draws the network for it.
        public: anybody can see its photos: the cards of models then hold the surest mistakes as
            pictures, and whoever can use a model can see its card.

    Raises:
        UsageError: a file of other content has registered a data set of that name.
    """

    def register(load: Loader) -> Loader:
        source = Path(sys.modules[load.__module__].__file__ or "").read_bytes()
        before = _registered.get(name)
        if before and before.source != source:
            raise UsageError(f"{before.load.__module__} has a data set {name!r} already")
        _registered[name] = Registered(load, frozenset(reads), source, classes, public)
        return load

    return register


def dataset_named(name: str) -> Registered:
    """Return a registered data set.

    Raises:
        UsageError: there is no data set of that name.
    """
    loaders = importlib.import_module("training.data.loaders")
    for module in pkgutil.iter_modules(loaders.__path__, f"{loaders.__name__}."):
        importlib.import_module(module.name)
    if name not in _registered:
        raise UsageError(f"unknown data set {name!r}; known: {', '.join(_registered)}")
    return _registered[name]


def check_splitting(recipe: Recipe) -> None:
    """Check that the data set reads what a recipe sets, and has validation photos if needed.

    Raises:
        UsageError: it does, or there is no such data set.
    """
    reads = dataset_named(recipe.dataset).reads
    if recipe.held_out and "held_out" not in reads:
        raise UsageError(f"held_out has no effect: {recipe.dataset} has its own validation split")
    if recipe.split_seed != 1 and "split_seed" not in reads:
        raise UsageError(f"split_seed has no effect: {recipe.dataset} has its own test split")
    if recipe.other != "unknown" and "other" not in reads:
        raise UsageError(f"other has no effect: {recipe.dataset} has no folder for each class")
    if recipe.early_stopping and "held_out" in reads and not recipe.held_out:
        raise UsageError(
            f"early_stopping needs validation photos, and {recipe.dataset} has none of its own:"
            " --set held_out=0.1 sets some aside"
        )


def load(recipe: Recipe, folder: Path | None, console: Console) -> DataSet:
    """Load the data set of a recipe and print what it holds.

    Raises:
        UsageError: there is no such data set or preparation.
        TrainingError: the data set is missing or damaged.
    """
    if recipe.preparation not in PREPARATIONS:
        known = ", ".join(PREPARATIONS)
        raise UsageError(f"unknown preparation {recipe.preparation!r}; known: {known}")
    chosen = dataset_named(recipe.dataset)
    with counting(console, "preparing photos") as progress:
        data = chosen.load(recipe, folder, progress)
        if recipe.own.photos:
            data = with_own_photos(data, recipe, progress)
    say(
        console,
        f"{data.name}: {len(data.training):,} photos to train on,"
        f" {len(data.validation):,} for validation, {len(data.test):,} for the test",
    )
    unbalanced = imbalance(class_counts(data))
    if unbalanced:
        remedy = (
            "weighed equally"
            if recipe.class_weights == "balanced"
            else "--set class_weights=balanced weighs them equally"
        )
        say(console, f"unbalanced: {unbalanced}; {remedy}")
    for line in data.notes:
        say(console, line)
    say_left_out(console, data.damaged)
    return data


def check_photos(recipe: Recipe, data: DataSet) -> None:
    """Check that a network can be fitted to a data set.

    Raises:
        TrainingError: the photos have another shape than the recipe's, or are not uint8; or early
            stopping has no validation photos.
    """
    if recipe.early_stopping and not len(data.validation):
        raise TrainingError(
            f"early_stopping needs validation photos, and {data.name} has none:"
            " --set early_stopping=0"
        )
    for split in data.splits:
        shape, dtype = split.photos.shape[1:], np.asarray(split.photos[:1]).dtype
        if shape != recipe.shape or dtype != np.uint8:
            found, wanted = ("×".join(map(str, sides)) for sides in (shape, recipe.shape))
            raise TrainingError(
                f"{data.name} has photos of {found} ({dtype}); {recipe.name} takes {wanted} (uint8)"
            )
