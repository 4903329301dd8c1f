"""Photos of none of the classes: the folder `other` beside the folders of the classes.

Its name is exactly that, in small letters; so is the label in a list. The photos are split as the
classes are, and kept apart: `DataSet.others`. In split folders, they may be missing in a split.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from training.console import counted
from training.data.datasets import Addition, DataSet, Rows, Split
from training.data.label_names import OTHER
from training.errors import TrainingError

KEEP_AS_CLASS = f"--set {OTHER}=class makes {OTHER!r} a class like any other"


def without_other(labels: Sequence[str], other: str) -> list[str]:
    """Return the labels of the classes; `other` is the recipe's setting of that name."""
    return [label for label in labels if label != OTHER or other == "class"]


def similar(labels: Sequence[str]) -> Iterator[str]:
    """Say which classes have names that look as if none of the classes were meant."""
    for label in labels:
        if label != OTHER and label.casefold() in (OTHER, f"{OTHER}s"):
            yield (
                f"{label!r} is a class like any other: if its photos are of none of the classes,"
                f" call it {OTHER!r}"
            )


def set_apart(found: DataSet) -> DataSet:
    """Return a data set whose last label is `other` as one with photos of none of the classes.

    Raises:
        TrainingError: there are none for training.
    """
    labels = found.labels[:-1]
    known, others = zip(*(_divided(split, len(labels)) for split in found.splits), strict=True)
    training, validation, test = others
    if not len(training):
        raise TrainingError(
            f"{found.name} has no photos of {OTHER!r} for training: add some, or leave {OTHER!r}"
            " out of the other splits, too"
        )
    photos = sum(map(len, others))
    line = (
        f"{OTHER}: {counted(photos, 'photo')} of none of the classes, {len(training):,} of them to"
        f" train on, which the model learns not to recognize; {KEEP_AS_CLASS}"
    )
    return replace(
        found,
        labels=labels,
        training=known[0],
        validation=known[1],
        test=known[2],
        others=Addition(OTHER, found.digest, training, validation, test, found.store),
        notes=(line, *found.notes),
    )


def _divided(split: Split, classes: int) -> tuple[Split, Split]:
    """Return the photos of the classes, and those of none of them."""
    is_known = split.classes < classes
    return _chosen(split, np.flatnonzero(is_known)), _chosen(split, np.flatnonzero(~is_known))


def _chosen(split: Split, chosen: np.ndarray) -> Split:
    rows = None if split.rows is None else split.rows[chosen]
    names = [split.names[index] for index in chosen.tolist()] if split.names else ()
    return Split(Rows(split.photos, chosen), split.classes[chosen], rows, names)
