"""From photos with labels, wherever they are stored, to a data set of prepared photos."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from serving.photos import Shape
from training.console import counted
from training.data.datasets import DataSet, Rows, Split
from training.data.prepared_photos import PhotoStore, Source, content_digests, photo_store
from training.data.splits import FEWEST, SPLITS, split_class
from training.errors import TrainingError
from training.progress_bars import ProgressCallback


@dataclass(frozen=True)
class Photo:
    """A photo of a data set.

    Attributes:
        source: where it is stored.
        label: its class.
        split: one of `SPLITS`.
    """

    source: Source
    label: str
    split: str = ""


def with_splits(
    photos: Sequence[Photo], labels: Sequence[str], order: Callable[[str], bytes]
) -> list[Photo]:
    """Split photos 70/15/15 in each class, by their names alone.

    Raises:
        TrainingError: a class has too few photos.
    """
    splits: dict[str, str] = {}
    for label in labels:
        names = [photo.source.name for photo in photos if photo.label == label]
        if len(names) < FEWEST:
            raise TrainingError(
                f"there {'is' if len(names) == 1 else 'are'} {counted(len(names), 'photo')} of"
                f" {label!r}; a split needs at least {FEWEST}, and a useful model some 50 of each"
                " class"
            )
        splits |= split_class(names, order)
    return [replace(photo, split=splits[photo.source.name]) for photo in photos]


def assemble(
    name: str,
    photos: Sequence[Photo],
    labels: Sequence[str],
    order: Callable[[str], bytes],
    preparation: str,
    shape: Shape,
    progress: ProgressCallback,
) -> DataSet:
    """Prepare photos and make a data set of them.

    Damaged photos are left out, and so are copies (`_without_copies`). `photos` have their splits,
    `labels` are in the order of the classes, and `order` is the sort key of photos' names.

    Raises:
        TrainingError: a split has no photo of a class, or the cache cannot be written.
    """
    found, left_out = _without_copies(photos)
    sources = {content: photo.source for content, photo in found.items()}
    store = photo_store(sources, preparation, shape, progress)
    for content, fault in store.damaged.items():
        left_out.append(f"{found.pop(content).source.name}: {fault}")
    contents = sorted(found, key=lambda content: order(found[content].source.name))
    training, validation, test = (
        _split(split, [c for c in contents if found[c].split == split], found, store, labels)
        for split in SPLITS
    )
    digest, damaged = _digest(found), tuple(sorted(left_out))
    return DataSet(name, tuple(labels), digest, training, validation, test, damaged, store)


def _without_copies(photos: Sequence[Photo]) -> tuple[dict[str, Photo], list[str]]:
    """Read all photos; return one of each content (sha256), and why the others are left out.

    Of copies in several splits the one farthest from the training split is kept, so that no
    photo is both trained on and tested on. Of a photo under two labels no copy is kept.
    """
    left_out: list[str] = []
    copies: dict[str, list[Photo]] = {}
    digests = content_digests([photo.source for photo in photos])
    for photo, content in zip(photos, digests, strict=True):
        if isinstance(content, str):
            copies.setdefault(content, []).append(photo)
        else:
            left_out.append(f"{photo.source.name}: it can't be read ({content})")
    found: dict[str, Photo] = {}
    for content, same in copies.items():
        kept = max(same, key=lambda photo: SPLITS.index(photo.split))
        found[content] = kept
        if len({photo.label for photo in same}) > 1:
            del found[content]
            names = " and ".join(photo.source.name for photo in same)
            left_out.append(f"{names}: the same photo under different labels")
            continue
        for photo in same:
            if photo is not kept:
                where = "" if photo.split == kept.split else f" in the {kept.split} split"
                left_out.append(f"{photo.source.name}: a copy of {kept.source.name}{where}")
    return found, left_out


def _split(
    name: str,
    contents: Sequence[str],
    found: dict[str, Photo],
    store: PhotoStore,
    labels: Sequence[str],
) -> Split:
    rows = np.array([store.rows[content] for content in contents], np.int64)
    classes = np.array([labels.index(found[content].label) for content in contents], np.int64)
    missing = [label for index, label in enumerate(labels) if index not in classes]
    if missing:
        raise TrainingError(
            f"the {name} split has no usable photo of {', '.join(map(repr, missing))}; every class"
            " needs photos in each split"
        )
    return Split(Rows(store.pixels, rows), classes, rows)


def _digest(found: dict[str, Photo]) -> str:
    lines = sorted(f"{content} {photo.split} {photo.label}" for content, photo in found.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
