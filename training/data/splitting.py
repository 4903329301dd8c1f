"""How photos are split into training, validation and test, by their names."""

import hashlib
from collections.abc import Callable, Sequence

SPLITS = ("training", "validation", "test")
FEWEST = 3  # Photos of a class: one for each split.

_SHARES = (0.70, 0.15)  # Of training and validation; the rest is the test split.


def split_order(name: str, split: int) -> bytes:
    """Return the key by which photos are sorted before they are split, and within a split.

    Args:
        name: of the photo.
        split: each number gives another order; published models have 1.
    """
    return hashlib.sha256(f"photolabel-{split}:{name}".encode()).digest()


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
