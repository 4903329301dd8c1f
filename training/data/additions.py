"""Adding own photos (`OwnPhotos.photos` of a recipe) to a loaded data set.

They are split by content, as the photos of a data set are, and those that the data set has already
are left out, so that none is both trained on and evaluated on.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np

from training.console import counted
from training.data.datasets import Addition, DataSet, Joined, Rows, Split
from training.data.label_names import OTHER
from training.data.labelled_photos import Photo, split_digest, without_copies
from training.data.own_photos import own_photos
from training.data.photo_contents import contents, pixel_contents
from training.data.prepared_photos import PhotoStore, photo_store
from training.data.splits import FEWEST, SPLITS, split_class
from training.errors import TrainingError
from training.progress_bars import ProgressCallback
from training.recipe import Recipe


def with_own_photos(data: DataSet, recipe: Recipe, progress: ProgressCallback) -> DataSet:
    """Return a data set with the own photos that its recipe names, and with others among them.

    A class, or the photos of none, with fewer than 3 photos is only trained on.

    Raises:
        TrainingError: the photos can't be read, none of them is left, or a folder is not named as
            a label of the data set.
    """
    path, notes = Path(recipe.own.photos), list[str]()
    with own_photos(path, data.labels, notes) as photos:
        found, left_out = without_copies(photos)
        sources = {content: photo.source for content, photo in found.items()}
        store = photo_store(sources, recipe.preparation, recipe.shape, progress)
    for content, fault in store.damaged.items():
        left_out.append(f"{found.pop(content).source.name}: {fault}")
    for content, split in _in_data_set(data, store):
        if content in found:
            name = found.pop(content).source.name
            left_out.append(f"{name}: {data.name} has it among its {split} photos")
    if not found:
        raise TrainingError(f"no photo in {path} can be used ({left_out[-1]})")
    found = _with_splits(found, recipe.split_seed, notes)
    own, others = (_addition(path.name, part, store, data.labels) for part in _parts(found, data))
    others = _joined(data.others, others)
    for what, part in (("own photos", own), ("photos of none of the classes", others)):
        notes += [_described(what, part)] if part else []
    damaged = [*data.damaged, *(f"{path.name}: {line}" for line in sorted(left_out))]
    notes = [*data.notes, *notes]
    return replace(data, own=own, others=others, notes=tuple(notes), damaged=tuple(damaged))


def _in_data_set(data: DataSet, store: PhotoStore) -> Iterator[tuple[str, str]]:
    """Yield the contents of own photos that a data set has, each with the split."""
    of_pixels: dict[str, list[str]] = {}
    for pixels, content in zip(pixel_contents(store.pixels), store.rows, strict=True):
        of_pixels.setdefault(pixels, []).append(content)
    others = data.others.splits if data.others else ()
    for name, split in zip(SPLITS * 2, (*data.splits, *others), strict=False):
        files = data.contents(split)
        for content in contents(data, split):
            same = of_pixels.get(content, []) if files is None else [content]
            yield from ((each, name) for each in same)


def _with_splits(found: Mapping[str, Photo], split_seed: int, notes: list[str]) -> dict[str, Photo]:
    """Split the photos of each class that have no split yet by their contents."""
    splits: dict[str, str] = {}
    for label in sorted({photo.label for photo in found.values() if not photo.split}):
        of_class = [c for c, photo in found.items() if photo.label == label and not photo.split]
        if len(of_class) < FEWEST:
            splits |= dict.fromkeys(of_class, "training")
            few = counted(len(of_class), "own photo")
            notes.append(f"{few} of {label!r}, too few to split: only trained on")
        else:
            splits |= split_class(of_class, split_seed)
    return {c: replace(photo, split=photo.split or splits[c]) for c, photo in found.items()}


def _parts(found: Mapping[str, Photo], data: DataSet) -> Iterator[dict[str, Photo]]:
    """Yield the photos of classes, then those of none."""
    for of_class in (True, False):
        yield {c: photo for c, photo in found.items() if (photo.label in data.labels) == of_class}


def _addition(
    name: str, found: Mapping[str, Photo], store: PhotoStore, labels: Sequence[str]
) -> Addition | None:
    """Return photos with their splits, in the order of their contents; None if there are none."""
    if not found:
        return None
    classes = {label: index for index, label in enumerate([*labels, OTHER])}
    classes |= {label: index for index, label in enumerate(labels)}  # One may be called `other`.

    def part(split: str) -> Split:
        chosen = sorted(content for content, photo in found.items() if photo.split == split)
        rows = np.array([store.rows[content] for content in chosen], np.int64)
        numbers = np.array([classes[found[content].label] for content in chosen], np.int64)
        names = [found[content].source.path for content in chosen]
        return Split(Rows(store.pixels, rows), numbers, rows, names)

    training, validation, test = map(part, SPLITS)
    return Addition(name, split_digest(found), training, validation, test, store)


def _joined(first: Addition | None, second: Addition | None) -> Addition | None:
    """Return the photos of two additions together."""
    if not (first and first.store and second and second.store):
        return first or second
    store = _joined_stores(first.store, second.store)
    offset = len(first.store.pixels)

    def both(one: Split, other: Split) -> Split:
        rows = np.concatenate([_rows(one), _rows(other) + offset])
        classes = np.concatenate([one.classes, other.classes])
        return Split(Rows(store.pixels, rows), classes, rows, [*one.names, *other.names])

    training, validation, test = map(both, first.splits, second.splits)
    digest = hashlib.sha256(f"{first.digest} {second.digest}".encode()).hexdigest()
    name = f"{first.name}, {second.name}"
    return Addition(name, digest, training, validation, test, store)


def _rows(split: Split) -> np.ndarray:
    return np.arange(len(split)) if split.rows is None else split.rows


def _joined_stores(*parts: PhotoStore) -> PhotoStore:
    """Return a store that has the rows of several, one after the other."""
    rows: dict[str, int] = {}
    formats: Counter[str] = Counter()
    first = 0
    for part in parts:
        rows |= {content: row + first for content, row in part.rows.items() if content not in rows}
        formats.update(part.formats)
        first += len(part.pixels)
    digest = hashlib.sha256(" ".join(part.digest for part in parts).encode()).hexdigest()
    pixels = cast(np.ndarray, Joined([part.pixels for part in parts]))  # Is read like one.
    damaged = {content: fault for part in parts for content, fault in part.damaged.items()}
    return PhotoStore(digest, pixels, rows, damaged, dict(formats), parts)


def _described(what: str, part: Addition) -> str:
    training, validation, test = map(len, part.splits)
    return (
        f"{what} ({part.name}): {training:,} to train on, {validation:,} for validation,"
        f" {test:,} for the test"
    )
