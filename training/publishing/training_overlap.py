"""Which photos a published version was, or may have been, trained on, as far as its card tells."""

from typing import Any

import numpy as np

from training.data.datasets import DataSet, Split
from training.data.splits import SPLITS, split_of
from training.overrides import renamed
from training.recipe import Recipe

_USUALLY = ["training"]


def split_record(data: DataSet) -> dict[str, Any]:
    """Return what the card of a version tells of the split of its photos, if it is by content.

    Returns:
        `split_seed`; and `trained_on`, the splits by `split_of` that photos trained on are of,
        unless that is training alone: photos of the others are for training where a folder has its
        own validation split, or a class is too small. Empty if the split is not by content.
    """
    if data.split_seed is None:
        return {}
    contents = data.contents(data.training) or []
    found = {split_of(content, data.split_seed) for content in contents}
    trained_on = [split for split in SPLITS if split in found] or _USUALLY
    also = {} if trained_on == _USUALLY else {"trained_on": trained_on}
    return {"split_seed": data.split_seed, **also}


def is_same_data(card: dict[str, Any], data: DataSet, recipe: Recipe) -> bool:
    """Whether a version was trained on a data set with the same photos, labels and splits.

    The data is loaded by the recipe. The digest of a data set of one's own may be that of files
    which a loader splits by the recipe's `split_seed`.
    """
    trained_on, parameters = _dict(card, "data"), renamed(_dict(card, "parameters"))
    same_split = trained_on.get("split_seed") == data.split_seed
    if data.split_seed is None:
        same_split &= parameters.get("split_seed", 1) == recipe.split_seed
    return same_split and trained_on.get("sha256") == data.digest


def unseen_photos(card: dict[str, Any], data: DataSet, recipe: Recipe) -> np.ndarray | None:
    """Return the indices of the test photos of a data set that a version was not trained on.

    On the same data these are all test photos. If the version's photos were split by their content,
    a test photo that its seed assigns to training may have been trained on.

    Args:
        card: of the version; may be one of an earlier release, or empty.
        data: the data set.
        recipe: that the data is loaded by.

    Returns:
        int64 `[photos]`, ascending; None if the card does not tell.
    """
    if is_same_data(card, data, recipe):
        return np.arange(len(data.test))
    seen = seen_photos(card, data, data.test)
    return None if seen is None else np.flatnonzero(~seen)


def seen_photos(card: dict[str, Any], data: DataSet, split: Split) -> np.ndarray | None:
    """Return which photos of a split of other data a version may have been trained on.

    bool `[photos]`; None if the card does not tell.
    """
    contents = data.contents(split)
    return None if contents is None else seen_contents(card, contents)


def seen_contents(card: dict[str, Any], contents: list[str]) -> np.ndarray | None:
    """Return which photos, given by their sha256, a version of them may have been trained on.

    bool `[photos]`; None if the card does not tell.
    """
    seed, trained_on = split_seed(card), _dict(card, "data").get("trained_on", _USUALLY)
    if seed is None or not isinstance(trained_on, list):
        return None
    return np.array([split_of(content, seed) in trained_on for content in contents], bool)


def split_seed(card: dict[str, Any]) -> int | None:
    """Return the seed by which a version's photos were split by their content; None if not so."""
    seed = _dict(card, "data").get("split_seed")
    return seed if isinstance(seed, int) else None


def _dict(card: dict[str, Any], name: str) -> dict[str, Any]:
    found = card.get(name)
    return found if isinstance(found, dict) else {}
