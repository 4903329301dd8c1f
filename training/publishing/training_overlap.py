"""Which photos a model was, or may have been, trained on.

Runs and versions keep digests of their training photos (`training_photos`), which tell exactly.
Versions of earlier releases have none: their cards may tell how the photos were split.
"""

from pathlib import Path
from typing import Any

import numpy as np

from training.data.datasets import DataSet, Split
from training.data.photo_contents import contents
from training.data.splits import SPLITS, split_of
from training.model_cards import CARD, VERSION_CARD, read_card
from training.overrides import renamed
from training.publishing.training_photos import (
    TRAINING_PHOTOS,
    ascending,
    read_training_photos,
    seen,
    training_digests,
    write_training_photos,
)
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
    found = {split_of(content, data.split_seed) for content in data.contents(data.training) or []}
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


def seen_photos(
    digests: np.ndarray | None, card: dict[str, Any], data: DataSet, recipe: Recipe, split: Split
) -> np.ndarray | None:
    """Return which photos of a split of a data set a model was, or may have been, trained on.

    Args:
        digests: of its training photos, `read_training_photos`; None: the card has to tell.
        card: of the model; may be one of an earlier release, or empty.
        data: the data set.
        recipe: that the data is loaded by.
        split: one of the data set's.

    Returns:
        bool `[photos]`; None if that is unknown.
    """
    if digests is not None:
        return seen(contents(data, split), digests)
    if is_same_data(card, data, recipe):
        return np.full(len(split), split is data.training)
    files = data.contents(split)
    return None if files is None else seen_contents(card, files)


def seen_contents(card: dict[str, Any], contents: list[str]) -> np.ndarray | None:
    """Return which photos, given by their sha256, a version of them may have been trained on.

    bool `[photos]`; None if the card does not tell.
    """
    seed, trained_on = split_seed(card), _dict(card, "data").get("trained_on", _USUALLY)
    if seed is None or not isinstance(trained_on, list):
        return None
    return np.array([split_of(content, seed) in trained_on for content in contents], bool)


def note_training_photos(
    run: Path, data: DataSet, recipe: Recipe, started_from: Path | None = None
) -> np.ndarray:
    """Return the digests of all photos that a run is trained on, uint64 `[photos]` ascending.

    They are kept in its folder; what is kept already is returned.

    Args:
        run: its folder.
        data: of the run.
        recipe: that the data is loaded by.
        started_from: the folder of the run or version whose weights it started from: the photos
            which that was trained on count, too. If it has no digests, they are those photos of
            the data set that its card, if it has one, does not rule out.

    Raises:
        TrainingError: digests can't be written, or those of `started_from` or its card not read.
    """
    known = read_training_photos(run)
    if known is not None:
        return known
    digests = training_digests(data)
    if started_from is not None:
        before = read_training_photos(started_from)
        if before is None:
            before = _perhaps_trained_on(started_from, data, recipe)
        digests = np.union1d(digests, before)
    write_training_photos(digests, run / TRAINING_PHOTOS)
    return digests


def _perhaps_trained_on(model: Path, data: DataSet, recipe: Recipe) -> np.ndarray:
    """Return the digests of the photos of a data set that a model may have been trained on."""
    path = next((path for path in (model / CARD, model / VERSION_CARD) if path.is_file()), None)
    card = read_card(path) if path else {}
    found = []
    for split in data.splits:
        photos, mask = contents(data, split), seen_photos(None, card, data, recipe, split)
        found += [each for i, each in enumerate(photos) if mask is None or mask[i]]
    return ascending(found)


def split_seed(card: dict[str, Any]) -> int | None:
    """Return the seed by which a version's photos were split by their content; None if not so."""
    seed = _dict(card, "data").get("split_seed")
    return seed if isinstance(seed, int) else None


def training_count(card: dict[str, Any]) -> int | None:
    """Return the number of training photos that a card states; None if it states none."""
    count = _dict(card, "data").get("training")
    return count if isinstance(count, int) else None


def _dict(card: dict[str, Any], name: str) -> dict[str, Any]:
    found = card.get(name)
    return found if isinstance(found, dict) else {}
