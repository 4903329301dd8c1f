"""How photos are split into those to fit, to watch and to judge with."""

import hashlib
from collections.abc import Callable, Sequence

SPLITS = ("training", "validation", "test")
FEWEST = 3  # Photos of a class: one for each split.

_SHARES = (0.70, 0.15)  # Of training and validation; the rest is the test split.


def split_order(name: str, split: int) -> bytes:
    """Return what photos are ordered by before they are split, and in their split.

    Args:
        name: of the photo.
        split: another number is another order; 1 is the one that published models have.
    """
    return hashlib.sha256(f"photolabel-{split}:{name}".encode()).digest()


def split_class(names: Sequence[str], order: Callable[[str], bytes]) -> dict[str, str]:
    """Split the photos of one class 70/15/15, at least one for each.

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
    places = ["training"] * first + ["validation"] * validation + ["test"] * test
    return dict(zip(ordered, places, strict=True))
