"""Data sets by the names that recipes give them.

`@dataset` registers a loader: in a module of `training.data.loaders`, or in the file of a recipe
that is not part of the project.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from training.errors import UsageError
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.data.datasets import DataSet
    from training.progress_bars import ProgressCallback

Loader: TypeAlias = "Callable[[Recipe, Path | None, ProgressCallback], DataSet]"
"""From a recipe, the folder that `--data` names and a callback to the data set.

Raises `TrainingError` where the files are missing or damaged.
"""


@dataclass(frozen=True)
class Registered:
    """A registered data set.

    Attributes:
        load: the loader.
        reads: which of a recipe's settings `held_out` and `split_seed` the loader reads.
        source: content of the file that registered it.
    """

    load: Loader
    reads: frozenset[str]
    source: bytes


_registered: dict[str, Registered] = {}


def dataset(name: str, reads: Collection[str] = ()) -> Callable[[Loader], Loader]:
    """Register a loader as the data set that recipes call `name`.

    Args:
        name: as `Recipe.dataset` has it.
        reads: which of `held_out` and `split_seed` the loader reads: it is an error to set
            another one.

    Raises:
        UsageError: a file of other content has registered a data set of that name.
    """

    def register(load: Loader) -> Loader:
        source = Path(sys.modules[load.__module__].__file__ or "").read_bytes()
        before = _registered.setdefault(name, Registered(load, frozenset(reads), source))
        if before.source != source:
            raise UsageError(f"{before.load.__module__} has a data set {name!r} already")
        _registered[name] = Registered(load, frozenset(reads), source)
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
        raise UsageError(f"there is no data set {name!r}; there are {', '.join(_registered)}")
    return _registered[name]


def check_splitting(recipe: Recipe) -> None:
    """Check that a recipe sets nothing that its data set would not read.

    Raises:
        UsageError: it does, or there is no such data set.
    """
    reads = dataset_named(recipe.dataset).reads
    if recipe.held_out and "held_out" not in reads:
        raise UsageError(f"held_out has no effect: {recipe.dataset} has its own validation split")
    if recipe.split_seed != 1 and "split_seed" not in reads:
        raise UsageError(f"split_seed has no effect: {recipe.dataset} has its own test split")
