"""Random splits of the photos for training and validation: part to train on, the rest to judge by.

The test photos are in neither. The splits are not stratified: the classes have the same shares in
both parts but for chance, as in new photos.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.data.datasets import DataSet, Rows, Split
from training.errors import UsageError

FEWEST = 20
"""Photos that judge a recipe, at least."""

_SEED = 2003  # Decides which splits there are; the same in all comparisons.
_VALIDATION = 1  # Distinguishes the draw of validation photos from that of the split.


@dataclass(frozen=True)
class RandomSplit:
    """One split of `count` photos: int64 indices, ascending."""

    training: np.ndarray
    judged: np.ndarray


def split_sizes(photos: int, share: float) -> tuple[int, int]:
    """Return how many photos of a pool are trained on, and how many are judged.

    Raises:
        UsageError: one of them has too few photos.
    """
    judged = round(photos * (1 - share))
    if judged < FEWEST or photos - judged < FEWEST:
        raise UsageError(
            f"--share {share:g} splits the {photos:,} photos for training and validation into"
            f" {photos - judged:,} to train on and {judged:,} to judge by: each part needs at least"
            f" {FEWEST}; take more photos or another share"
        )
    return photos - judged, judged


def random_split(photos: int, share: float, number: int) -> RandomSplit:
    """Return a split of a pool, given by its number from 1; always the same.

    Raises:
        UsageError: as `split_sizes`.
    """
    _, judged = split_sizes(photos, share)
    order = np.random.default_rng([_SEED, number]).permutation(photos)
    return RandomSplit(np.sort(order[judged:]), np.sort(order[:judged]))


def pooled(data: DataSet) -> DataSet:
    """Return a data set whose training photos are those for training and validation together.

    Its other splits are empty.
    """
    parts = [part for part in (data.training, data.validation) if len(part)]
    empty = _chosen(data.training, np.zeros(0, np.int64))
    pool = data.training
    if len(parts) > 1:
        pool = _together(data, parts)
    return replace(data, training=pool, validation=empty, test=empty)


def split_data(pool: DataSet, split: RandomSplit, validation: float, number: int) -> DataSet:
    """Return the data set of a split of a pool; its `test` photos are those that judge.

    Args:
        pool: of `pooled`, perhaps with features.
        split: of `random_split`.
        validation: the share of the training photos that are split off for early stopping; 0: none.
        number: of the split; decides which.
    """
    training, held_out = split.training, np.zeros(0, np.int64)
    if validation:
        order = np.random.default_rng([_SEED, number, _VALIDATION]).permutation(len(training))
        count = max(1, int(len(training) * validation))
        held_out, training = np.sort(training[order[:count]]), np.sort(training[order[count:]])
    fitted, watched, judged = (
        _chosen(pool.training, rows) for rows in (training, held_out, split.judged)
    )
    plain = (replace(each, features=each.features[:1]) for each in (watched, judged))
    watched, judged = plain
    return replace(pool, training=fitted, validation=watched, test=judged)


def _together(data: DataSet, parts: Sequence[Split]) -> Split:
    classes = np.concatenate([part.classes for part in parts])
    if data.store is None:
        return Split(np.concatenate([np.asarray(part.photos[:]) for part in parts]), classes)
    rows = np.concatenate([part.rows for part in parts if part.rows is not None])
    order = np.argsort(rows)  # By content: the same for each preparation of the photos.
    return Split(Rows(data.store.pixels, rows[order]), classes[order], rows[order])


def _chosen(pool: Split, rows: np.ndarray) -> Split:
    return Split(
        Rows(pool.photos, rows),
        pool.classes[rows],
        None if pool.rows is None else pool.rows[rows],
        features=tuple(Rows(view, rows) for view in pool.features),
    )
