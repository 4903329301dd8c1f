"""From photos with labels, wherever they are stored, to a data set of prepared photos."""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from serving.photos import Shape
from serving.photos.formats_and_limits import DEFAULT_FORMATS
from training.console import counted
from training.data.datasets import DataSet, Rows, Split
from training.data.prepared_photos import PhotoStore, Source, content_digests, photo_store
from training.data.splits import SPLITS, split_class
from training.errors import TrainingError
from training.progress_bars import ProgressCallback

_MANY = 0.1  # Share of photos in formats that are refused by default.


@dataclass(frozen=True)
class Photo:
    """A photo of a data set.

    Attributes:
        source: where it is stored.
        label: its class.
        split: one of `SPLITS`; empty where it is still to be split by content.
    """

    source: Source
    label: str
    split: str = ""


def assemble(
    name: str,
    photos: Sequence[Photo],
    labels: Sequence[str],
    split_seed: int,
    preparation: str,
    shape: Shape,
    progress: ProgressCallback,
    *,
    in_each_split: Collection[str] | None = None,
) -> DataSet:
    """Split and prepare photos and make a data set of them, in the order of their contents.

    Damaged photos are left out, and so are copies (`without_copies`). The splits that no photo has
    yet are made of the photos without a split; those that remain are for training. `labels` are in
    the order of the classes; those of `in_each_split`, by default all, need photos in each split.

    Raises:
        TrainingError: a class has too few photos to split, or none in a split that is given, or the
            cache cannot be written.
    """
    given = {photo.split for photo in photos if photo.split}
    made = [split for split in SPLITS if split == "training" or split not in given]
    unsplit = [photo for photo in photos if not photo.split]
    if unsplit:
        _check_counts(unsplit, labels, made)
    found, left_out = without_copies(photos)
    sources = {content: photo.source for content, photo in found.items()}
    store = photo_store(sources, preparation, shape, progress)
    for content, fault in store.damaged.items():
        left_out.append(f"{found.pop(content).source.name}: {fault}")
    if unsplit:
        found = _with_splits(found, labels, split_seed, made)
    training, validation, test = (
        _split(split, found, store, labels, in_each_split or labels) for split in SPLITS
    )
    return DataSet(
        name,
        tuple(labels),
        split_digest(found),
        training,
        validation,
        test,
        damaged=tuple(sorted(left_out)),
        notes=tuple(_format_notes(store)),
        split_seed=None if "test" in given else split_seed,
        store=store,
    )


def _format_notes(store: PhotoStore) -> Iterator[str]:
    """Warn where many photos have formats that the gateway refuses by default."""
    refused = {each: count for each, count in store.formats.items() if each not in DEFAULT_FORMATS}
    total, count = sum(store.formats.values()), sum(refused.values())
    if count and count >= _MANY * total:
        formats = ",".join([*DEFAULT_FORMATS, *sorted(refused)])
        yield (
            f"{count:,} of {counted(total, 'photo')} are {' or '.join(sorted(refused))}, which the"
            f" gateway refuses by default: start it with PHOTOLABEL_FORMATS={formats}"
        )


def _with_splits(
    found: dict[str, Photo], labels: Sequence[str], split_seed: int, made: Sequence[str]
) -> dict[str, Photo]:
    """Split the photos that have no split yet, by the sha256 of their contents."""
    unsplit = {content: photo for content, photo in found.items() if not photo.split}
    _check_counts(unsplit.values(), labels, made)
    splits: dict[str, str] = {}
    for label in labels:
        own = [content for content, photo in unsplit.items() if photo.label == label]
        splits |= split_class(own, split_seed, made)
    return {
        content: replace(photo, split=splits.get(content, photo.split))
        for content, photo in found.items()
    }


def _check_counts(unsplit: Iterable[Photo], labels: Sequence[str], made: Sequence[str]) -> None:
    counts = Counter(photo.label for photo in unsplit)
    for label in labels:
        count = counts[label]
        if count < len(made):
            raise TrainingError(
                f"there {'is' if count == 1 else 'are'} {counted(count, 'usable photo')} of"
                f" {label!r}"
                + ("" if len(made) == len(SPLITS) else f" for {' and '.join(made)}")
                + f"; a split needs at least {len(made)}, and a useful model some 50 of each class"
                + "".join(
                    f"; {each!r} is another class: give both folders the same name"
                    for each in labels
                    if each.casefold() == label.casefold() and each != label
                )
            )


def without_copies(photos: Sequence[Photo]) -> tuple[dict[str, Photo], list[str]]:
    """Read all photos; return one of each content (sha256), and why others are left out.

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
        kept = max(same, key=lambda photo: ("", *SPLITS).index(photo.split))
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
    found: dict[str, Photo],
    store: PhotoStore,
    labels: Sequence[str],
    needed: Collection[str],
) -> Split:
    contents = sorted(content for content, photo in found.items() if photo.split == name)
    rows = np.array([store.rows[content] for content in contents], np.int64)
    classes = np.array([labels.index(found[content].label) for content in contents], np.int64)
    missing = [label for label in needed if labels.index(label) not in classes]
    if missing:
        raise TrainingError(
            f"the {name} split has no usable photo of {', '.join(map(repr, missing))}; every class"
            " needs photos in each split"
            + "".join(
                f"; {each!r} is another class: give both folders the same name"
                for each in labels
                if each.casefold() in map(str.casefold, missing) and each not in missing
            )
        )
    names = [found[content].source.path for content in contents]
    return Split(Rows(store.pixels, rows), classes, rows, names)


def split_digest(found: Mapping[str, Photo]) -> str:
    """Return the sha256 of the contents, splits and labels of photos, given by their content."""
    lines = sorted(f"{content} {photo.split} {photo.label}" for content, photo in found.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
