"""How data sets are split: arrays by a held-out fraction, photos 70/15/15 by their content.

The split of a photo depends on its content and the split seed alone, so it stays the same when
other photos are added or removed, or when files are renamed or moved. The exception is a class so
small that a split would have none of its photos: `split_class`.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial

import numpy as np

from training.data.datasets import Split

SPLITS = ("training", "validation", "test")
FEWEST = 3  # Photos of a class: one for each split.

_RANGES = {"training": (0.0, 0.70), "validation": (0.70, 0.85), "test": (0.85, 1.0)}
_HELD_OUT_SEED = 20_170_825  # Decides which photos of an array are held out.


def split_off_validation(
    photos: np.ndarray, classes: np.ndarray, fraction: float, names: Sequence[str] = ()
) -> tuple[Split, Split]:
    """Hold out validation photos of a data set that is published without a validation split.

    They are chosen by their positions, not by content: such data sets never grow. `names` are those
    of the photos, if they have any.

    Returns:
        Training and validation, always the same photos, in the published order.
    """
    order = np.random.default_rng(_HELD_OUT_SEED).permutation(len(photos))
    count = int(len(photos) * fraction)
    held_out, rest = (
        Split(photos[chosen], classes[chosen], names=[names[i] for i in chosen] if names else ())
        for chosen in (np.sort(order[:count]), np.sort(order[count:]))
    )
    return rest, held_out


def split_of(content: str, split_seed: int) -> str:
    """Return the split of a photo: training with probability 0.70, validation 0.15, test 0.15.

    Args:
        content: the sha256 of the photo's file, hexadecimal.
        split_seed: each one gives another split; published models have 1.
    """
    number = _number(content, split_seed)
    return next(split for split, (_, end) in _RANGES.items() if number < end)


def split_class(
    contents: Collection[str], split_seed: int, splits: Collection[str] = SPLITS
) -> dict[str, str]:
    """Return the split of each photo of a class: `split_of`, but none of the splits stays empty.

    A split without photos takes the one whose number is nearest to its range, from a split that has
    several.

    Args:
        contents: the sha256 of each photo; at least as many as there are splits.
        split_seed: as in `split_of`.
        splits: those to make, always including training; photos of the others are for training.
    """
    found = {}
    for content in contents:
        split = split_of(content, split_seed)
        found[content] = split if split in splits else "training"
    for empty in [split for split in splits if split not in found.values()]:
        counts = Counter(found.values())
        spare = [content for content, split in found.items() if counts[split] > 1]
        found[min(spare, key=partial(_distance, split=empty, split_seed=split_seed))] = empty
    return found


def _number(content: str, split_seed: int) -> float:
    """Return a number from 0 to below 1, uniformly distributed over contents and seeds."""
    digest = hashlib.sha256(f"{split_seed}:{content}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48  # Exact as a float, so always below 1.


def _distance(content: str, split: str, split_seed: int) -> tuple[float, str]:
    """Return how far a photo's number is from the range of a split, and its content for ties."""
    number, (start, end) = _number(content, split_seed), _RANGES[split]
    return max(start - number, number - end), content
