"""The photos that a network is fitted to in an epoch: the data set's, own ones and others.

Own photos (`DataSet.own`) are few beside a data set, or many: they get a fixed share of the epoch
(`OwnPhotos.share`), but none is repeated more than `OwnPhotos.most` times; of more than the share,
each epoch draws others. Photos of none of the classes (`DataSet.others`) are repeated as often.
Their target is the same probability of each class, so that the network is unsure of such photos:
Hendrycks et al., 2019, https://arxiv.org/abs/1812.04606. Of the data set, an epoch may have a part
only (`OwnPhotos.rehearsed`): where a network that knows it is fitted to own photos, that is enough
for it not to forget.
"""

import numpy as np

from training.data.datasets import DataSet, Joined, Rows, Split
from training.recipe import OwnPhotos, Recipe


def photos_of_epoch(data: DataSet, recipe: Recipe, epoch: int) -> Split:
    """Return the training photos of an epoch, which has equally many photos in each epoch.

    Returns:
        The data set's training photos, then own ones, then others; with the features that all of
        them have. A repeated photo has an index for each time, and is augmented differently.
    """
    added = [part for part in (data.own, data.others) if part and len(part.training)]
    if not added:
        return data.training
    rehearsed = _rehearsed(data, recipe)
    photos = sum(len(part.training) for part in added)
    times = own_times(recipe.own, rehearsed, photos) if data.own else 1.0
    random = np.random.default_rng([recipe.seed, epoch, 5])
    rows = [_repeated(len(part.training), times, random) for part in added]
    rows.insert(0, _repeated(len(data.training), rehearsed / len(data.training), random))
    return _joined([data.training, *(part.training for part in added)], rows)


def targets(classes: int) -> np.ndarray:
    """Return the target of each class and of others, float32 `[classes + 1, classes]`."""
    others = np.full((1, classes), 1 / classes, np.float32)
    return np.concatenate([np.eye(classes, dtype=np.float32), others])


def _rehearsed(data: DataSet, recipe: Recipe) -> int:
    """Return how many photos of the data set are in an epoch."""
    return min(recipe.own.rehearsed or len(data.training), len(data.training))


def own_times(own: OwnPhotos, photos: int, added: int) -> float:
    """Return how often each added photo counts, so that all have their share beside `photos`."""
    wanted = own.share / (1 - own.share) * photos
    return min(float(own.most), wanted / max(1, added))


def _repeated(photos: int, times: float, random: np.random.Generator) -> np.ndarray:
    """Return row numbers: each photo `times` times, where a part of a time is a random choice."""
    whole = int(times)
    part = random.permutation(photos)[: round(photos * (times - whole))]
    return np.concatenate([np.tile(np.arange(photos), whole), np.sort(part)]).astype(np.int64)


def _joined(splits: list[Split], rows: list[np.ndarray]) -> Split:
    parts = list(zip(splits, rows, strict=True))
    views = min(len(split.features) for split, _ in parts)
    return Split(
        Joined([Rows(split.photos, chosen) for split, chosen in parts]),
        np.concatenate([split.classes[chosen] for split, chosen in parts]),
        features=tuple(
            Joined([Rows(split.features[view], chosen) for split, chosen in parts])
            for view in range(views)
        ),
    )
