"""What a comparison of recipes trains: every recipe on every split, on the same photos."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from training.data.datasets import DataSet
from training.data.loading import check_photos, check_splitting, load
from training.errors import TrainingError, UsageError
from training.experiments.comparison.competitors import Competitor
from training.experiments.comparison.random_splits import pooled, split_sizes
from training.experiments.queue import Item, Queue, open_queue
from training.overrides import changed_settings, recorded_settings, shown_value
from training.recipes import unchanged
from training.runs.identity import code_of


@dataclass(frozen=True)
class Plan:
    """A comparison before its trainings.

    Attributes:
        name: of its study.
        storage: URL of the database with the study.
        competitors: the recipes.
        splits: how many.
        share: of the photos of each split that are trained on.
        pools: for each competitor, the photos for training and validation, prepared as it takes
            them, as the training photos of a data set (`pooled`).
        validation: for each competitor, the share of its training photos that early stopping
            watches; 0 without it.
    """

    name: str
    storage: str
    competitors: Sequence[Competitor]
    splits: int
    share: float
    pools: Mapping[str, DataSet]
    validation: Mapping[str, float]

    @property
    def photos(self) -> int:
        """How many photos are split."""
        return len(self._pool.training)

    @property
    def data_digest(self) -> str:
        """The digest of the photos."""
        return self._pool.digest

    @property
    def ratio(self) -> float:
        """Judged photos to photos trained on."""
        training, judged = split_sizes(self.photos, self.share)
        return judged / training

    @property
    def _pool(self) -> DataSet:
        return next(iter(self.pools.values()))  # All are of the same photos.

    def what(self, position: int) -> tuple[Competitor, int]:
        """Return the competitor and the number of the split, from 1, of an item of the queue."""
        split, index = divmod(position, len(self.competitors))
        return self.competitors[index], split + 1

    def queue(self) -> Queue:
        """Create the study, or go on with it.

        Raises:
            UsageError: a study of this name compares other recipes, or on other photos.
            TrainingError: the database can't be used.
        """
        facts = {"photos": self.data_digest[:12], "share": f"{self.share:g}"}
        for competitor in self.competitors:
            facts |= _described(competitor)
        # Without items: whatever the number of splits, a name is of the same recipes.
        open_queue(self.storage, self.name, facts, [], "minimize")
        works = map(self.what, range(self.splits * len(self.competitors)))
        items = [Item({"recipe": each.label, "split": number}) for each, number in works]
        study = f"{self.name}, {self.splits} splits"
        return open_queue(self.storage, study, facts, items, "minimize")


def plan_comparison(
    name: str,
    storage: str,
    competitors: Sequence[Competitor],
    splits: int,
    share: float,
    folder: Path | None,
    console: Console,
) -> Plan:
    """Load the photos of all recipes, and check that they are the same and enough.

    Raises:
        UsageError: a number is out of range, or a split would have too few photos.
        TrainingError: photos are missing or damaged, or differ between the recipes.
    """
    if splits < 2:
        raise UsageError(f"--splits is at least 2, such as 20 or 100, not {splits}")
    if not 0 < share < 1:
        raise UsageError(f"--share is above 0 and below 1, such as 0.8, not {share:g}")
    loaded: dict[object, tuple[DataSet, DataSet]] = {}
    pools, validation = {}, {}
    for competitor in competitors:
        recipe = competitor.recipe
        check_splitting(recipe)
        # Those held out from training are part of the pool.
        whole = replace(recipe, held_out=0.0, early_stopping=0)
        loader = recipe.dataset, recipe.preparation, recipe.shape, recipe.file_digest
        key = (*loader, recipe.own.photos)
        if key not in loaded:
            data = load(whole, folder, console)
            loaded[key] = data, pooled(data)
        data, pools[competitor.label] = loaded[key]
        check_photos(whole, data)
        own = len(data.validation) / max(1, len(data.training) + len(data.validation))
        validation[competitor.label] = (recipe.held_out or own) if recipe.early_stopping else 0.0
    _check_same(pools)
    split_sizes(len(next(iter(pools.values())).training), share)
    return Plan(name, storage, competitors, splits, share, pools, validation)


def _check_same(pools: Mapping[str, DataSet]) -> None:
    (first, pool), *others = pools.items()
    for label, other in others:
        photos, more = (len(each.training) for each in (pool, other))
        if (pool.digest, photos) != (other.digest, more):
            reason = f" ({photos:,} and {more:,})" if photos != more else ""
            raise TrainingError(
                f"{first} and {label} have different photos{reason}, so that their errors can't be"
                " compared: photos that one of them can't read have to be removed"
            )


def _described(competitor: Competitor) -> dict[str, str]:
    """Return all that the trainings of a recipe depend on, beside the photos."""
    label, recipe = competitor.label, competitor.recipe
    settings = recorded_settings(recipe)
    changed = changed_settings(settings, unchanged(recipe))
    listed = " ".join(f"{name}={shown_value(value)}" for name, value in changed.items())
    whole = f"{settings} {recipe.preparation} {recipe.shape} {competitor.repeat}"
    return {
        label: " ".join(filter(None, (recipe.name, listed))),
        f"settings of {label}": hashlib.sha256(whole.encode()).hexdigest()[:12],
        f"code of {label}": code_of(recipe)[:12],
    }
