"""How data sets are split: arrays by a held-out fraction, files 70/15/15 by their names."""

import hashlib
from collections.abc import Callable, Sequence

import numpy as np

from training.data.datasets import Split

SPLITS = ("training", "validation", "test")
FEWEST = 3  # Photos of a class: one for each split.

_SHARES = (0.70, 0.15)  # Of training and validation; the rest is the test split.
_HELD_OUT_SEED = 20_170_825  # Decides which photos of an array are held out.


def split_off_validation(
    photos: np.ndarray, classes: np.ndarray, fraction: float
) -> tuple[Split, Split]:
    """Hold out validation photos of a data set that is published without a validation split.

    Returns:
        Training and validation, always the same photos, in the published order.
    """
    order = np.random.default_rng(_HELD_OUT_SEED).permutation(len(photos))
    count = int(len(photos) * fraction)
    held_out, rest = np.sort(order[:count]), np.sort(order[count:])
    return Split(photos[rest], classes[rest]), Split(photos[held_out], classes[held_out])


def split_order(name: str, split: int) -> bytes:
    """Return the key by which photos are sorted before they are split, and within a split.

    Args:
        name: of the photo.
        split: each number gives another order; published models have 1.
    """
    return hashlib.sha256(f"photolabel-{split}:{name}".encode()).digest()


def order_by_file_name(split: int) -> Callable[[str], bytes]:
    """Return `split_order` for paths with "/", of which it only reads the file's name."""
    return lambda path: split_order(path.rpartition("/")[2], split)


def split_of(content: str, split_seed: int) -> str:
    """Return the split of a photo, which depends on its content (sha256) and the seed alone."""
    digest = hashlib.sha256(f"photolabel-{split_seed}:{content}".encode()).digest()
    share = int.from_bytes(digest[:8]) / 2**64
    return SPLITS[sum(share >= end for end in (_SHARES[0], sum(_SHARES)))]


def split_class(names: Sequence[str], order: Callable[[str], bytes]) -> dict[str, str]:
    """Split the photos of one class 70/15/15, with at least one in each split.

    Args:
        names: of at least `FEWEST` photos.
        order: of `split_order`.

    Returns:
        The split of each name.
    """
    ordered = sorted(names, key=order)
    first = round(len(ordered) * _SHARES[0])
    validation = max(1, round(len(ordered) * _SHARES[1]))
    test = max(1, len(ordered) - first - validation)
    first = len(ordered) - validation - test
    splits = ["training"] * first + ["validation"] * validation + ["test"] * test
    return dict(zip(ordered, splits, strict=True))
