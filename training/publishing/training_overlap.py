"""Which photos a published version was, or may have been, trained on, as far as its card tells."""

from typing import Any

import numpy as np

from training.data.datasets import DataSet, Split
from training.data.splits import split_of


def is_same_data(card: dict[str, Any], data: DataSet) -> bool:
    """Whether a version was trained on a data set with the same photos, labels and splits."""
    trained_on = _data(card)
    same_split = trained_on.get("split_seed") == data.split_seed
    return same_split and trained_on.get("sha256") == data.digest


def unseen_photos(card: dict[str, Any], data: DataSet) -> np.ndarray | None:
    """Return the indices of the test photos of a data set that a version was not trained on.

    On the same data these are all test photos. If the version's photos were split by their content,
    a test photo that its seed assigns to training may have been trained on.

    Args:
        card: of the version; may be one of an earlier release, or empty.
        data: the data set.

    Returns:
        int64 `[photos]`, ascending; None if the card does not tell.
    """
    if is_same_data(card, data):
        return np.arange(len(data.test))
    seen = seen_photos(card, data, data.test)
    return None if seen is None else np.flatnonzero(~seen)


def seen_photos(card: dict[str, Any], data: DataSet, split: Split) -> np.ndarray | None:
    """Return which photos of a split of other data a version may have been trained on.

    bool `[photos]`; None if the card does not tell.
    """
    contents, seed = data.contents(split), split_seed(card)
    if contents is None or seed is None:
        return None
    return np.array([split_of(content, seed) == "training" for content in contents], bool)


def split_seed(card: dict[str, Any]) -> int | None:
    """Return the seed by which a version's photos were split by their content; None if not so."""
    seed = _data(card).get("split_seed")
    return seed if isinstance(seed, int) else None


def _data(card: dict[str, Any]) -> dict[str, Any]:
    data = card.get("data")
    return data if isinstance(data, dict) else {}
