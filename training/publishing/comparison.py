"""Comparing a trained model with a published version, on test photos that neither was trained on.

If the version takes photos of another size or preparation, the same photos are prepared once more,
as that version needs them.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from serving.photos import PREPARATIONS
from training.data.additions import with_own_photos
from training.data.datasets import DataSet, Photos, Rows, Split
from training.data.loading import dataset_named
from training.data.photo_contents import contents
from training.errors import UsageError
from training.metrics.evaluation import Evaluation
from training.metrics.intervals import Difference, paired_difference
from training.progress_bars import counting
from training.publishing.published_model import PublishedModel
from training.publishing.training_overlap import is_same_data, seen_photos, training_count
from training.publishing.training_photos import seen
from training.recipe import Recipe

FEWEST = 20
"""Test photos that a comparison needs, or all of them if there are fewer."""

Reload = Callable[[Recipe], DataSet]
"""Loads the data set of a recipe again, prepared as that says."""


def reloading(folder: Path | None, console: Console) -> Reload:
    """Return what loads data sets from a folder again, and shows only the progress of that."""

    def load_again(recipe: Recipe) -> DataSet:
        with counting(console, "preparing photos as another version takes them") as progress:
            data = dataset_named(recipe.dataset).load(recipe, folder, progress)
            return with_own_photos(data, recipe, progress) if recipe.own.photos else data

    return load_again


class Incomparable(Exception):
    """Two models can't be compared; says why."""


@dataclass(frozen=True)
class Candidate:
    """A trained model that is to be published.

    Attributes:
        recipe: that it was trained by.
        data: both models are compared on its test split.
        evaluation: of the model on that split.
        trained_on: digests of the photos that it was trained on, as `note_training_photos` returns
            them.
        own: evaluation of the model on the test split of own photos; None without any.
        reload: for versions that take photos of another size or preparation; None: such versions
            can't be compared.
    """

    recipe: Recipe
    data: DataSet
    evaluation: Evaluation
    trained_on: np.ndarray
    reload: Reload | None = None
    own: Evaluation | None = None

    @cached_property
    def unseen(self) -> np.ndarray:
        """Which test photos it was not trained on, bool `[photos]`."""
        return ~seen(contents(self.data, self.data.test), self.trained_on)

    @property
    def fewest(self) -> int:
        """How many test photos a comparison needs."""
        return min(FEWEST, len(self.data.test))

    def unseen_by_both(self, card: dict[str, Any], digests: np.ndarray | None) -> np.ndarray | None:
        """Return which test photos neither it nor a version was trained on, bool `[photos]`.

        None if that is unknown. Card and digests (None if it keeps none) are those of the version.
        """
        by_it = seen_photos(digests, card, self.data, self.recipe, self.data.test)
        return None if by_it is None else ~by_it & self.unseen


def compare(candidate: Candidate, old: PublishedModel) -> Difference:
    """Compare a trained model with a published version that has the same labels.

    Raises:
        Incomparable: there are not enough test photos that neither was trained on, or they can't be
            prepared as the version needs them.
    """
    test = candidate.data.test
    unseen = candidate.unseen_by_both(old.card, old.training_photos)
    chosen = _chosen(unseen, len(test), candidate.fewest, old)
    return _difference(candidate, old, test, candidate.evaluation, chosen)


def compare_on_own(candidate: Candidate, old: PublishedModel) -> Difference | None:
    """Do the same as `compare` on the test split of own photos; None without any.

    Raises:
        Incomparable: there are fewer than `FEWEST` photos that neither was trained on, or they
            can't be prepared as the version needs them.
    """
    data = candidate.data
    if data.own is None or candidate.own is None:
        return None
    split = data.own.test
    by_old = seen_photos(old.training_photos, old.card, data, candidate.recipe, split)
    by_this = seen(contents(data, split), candidate.trained_on)
    unseen = None if by_old is None else ~by_old & ~by_this
    chosen = _chosen(unseen, len(split), FEWEST, old)
    return _difference(candidate, old, split, candidate.own, chosen)


def _difference(
    candidate: Candidate,
    old: PublishedModel,
    split: Split,
    evaluation: Evaluation,
    chosen: np.ndarray,
) -> Difference:
    """Compare on chosen photos of a split, that the candidate's evaluation is of."""
    photos = _as_taken_by(old, candidate, split, chosen)
    columns = np.array([old.labels.index(label) for label in candidate.data.labels])
    predicted = old.probabilities(photos)[:, columns].argmax(axis=1)
    return paired_difference(evaluation.right[chosen], predicted == split.classes[chosen])


def shared_photos(candidate: Candidate, old: PublishedModel) -> tuple[int, int] | None:
    """Return how many of the photos that a version was trained on are in the candidate's data set.

    Returns:
        That number, and how many it was trained on; None if the version has no digests.
    """
    digests, data = old.training_photos, candidate.data
    if digests is None:
        return None
    if is_same_data(old.card, data, candidate.recipe):
        return len(digests), len(digests)
    found = sum(int(seen(contents(data, split), digests).sum()) for split in data.splits)
    # The digests of a version that started from another include those of that one.
    return found, min(training_count(old.card) or len(digests), len(digests))


def _chosen(unseen: np.ndarray | None, total: int, fewest: int, old: PublishedModel) -> np.ndarray:
    """Return the indices of the test photos that neither was trained on, int64 ascending."""
    if unseen is None:
        raise Incomparable(
            "it has no digests of its training photos, and its card does not tell which of the"
            f" {total:,} test photos it was trained on"
        )
    chosen = np.flatnonzero(unseen)
    if len(chosen) < fewest:
        if len(chosen) == total:
            raise Incomparable(f"{total:,} photos are too few, and at least {fewest} are needed")
        perhaps = "" if old.training_photos is not None else ", or may have been,"
        raise Incomparable(
            f"one of the two was{perhaps} trained on {total - len(chosen):,} of the {total:,} test"
            f" photos, and at least {fewest} others are needed"
        )
    return chosen


def _as_taken_by(
    old: PublishedModel, candidate: Candidate, split: Split, chosen: np.ndarray
) -> Photos:
    """Return the chosen photos of a test split, prepared as the version needs them."""
    recipe, data = candidate.recipe, candidate.data
    files = data.contents(split)
    same_shape = old.shape == recipe.shape
    if same_shape and (old.preparation == recipe.preparation or files is None):
        return Rows(split.photos, chosen)  # Photos of arrays are prepared already.
    needed = f"it takes photos of {_sides(old.shape)}, prepared by {old.preparation}, and"
    if files is None or candidate.reload is None or old.preparation not in PREPARATIONS:
        raise Incomparable(f"{needed} these are of {_sides(recipe.shape)}")
    try:
        prepared = candidate.reload(replace(recipe, shape=old.shape, preparation=old.preparation))
    except UsageError as error:
        raise Incomparable(f"{needed} {recipe.name} can't load such photos ({error})") from error
    is_own = data.own is not None and split is data.own.test
    store = prepared.own.store if is_own and prepared.own else prepared.store
    wanted = [files[index] for index in chosen]
    if store is None or store.pixels.shape[1:] != old.shape or not {*wanted} <= {*store.rows}:
        raise Incomparable(f"{needed} the loader of {data.name} does not prepare them so")
    return Rows(store.pixels, np.array([store.rows[content] for content in wanted]))


def _sides(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
