"""Photos in folders: a sub-folder for each class, named as the class; or a list of photos.

Folders of splits with such sub-folders are used as the splits (`training.data.split_folders`),
otherwise the photos are split here. Which files count as photos: `training.data.class_folders`.
"""

import json
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from serving.photos import Shape
from training.data.class_folders import LeftOut, class_folders, left_out_line, photos_below
from training.data.datasets import DataSet
from training.data.label_names import OTHER
from training.data.labelled_photos import Photo, assemble
from training.data.loading import dataset
from training.data.other_photos import KEEP_AS_CLASS, set_apart, similar, without_other
from training.data.photo_lists import is_photo_list, read_photo_list
from training.data.split_folders import split_folders, split_named
from training.data.splits import SPLITS
from training.errors import TrainingError
from training.progress_bars import ProgressCallback
from training.recipe import ANY_PHOTOS, Recipe

PREPARED = ".prepared.json"
"""In a folder that `prepare` made: its archive, its split seed, and what it was split by."""

_PURPOSE = {"validation": "validation", "test": "the test"}


@dataset(ANY_PHOTOS, reads=("split_seed", "other"))
def _load(recipe: Recipe, data: Path | None, progress: ProgressCallback) -> DataSet:
    prepared = recipe.preparation, recipe.shape
    return load_image_folder(
        data, recipe.model, recipe.split_seed, *prepared, progress, other=recipe.other
    )


def load_image_folder(
    path: Path | None,
    name: str,
    split_seed: int,
    preparation: str,
    shape: Shape,
    progress: ProgressCallback,
    other: str = "unknown",
) -> DataSet:
    """Load photos from `FOLDER/<class>/…`, `FOLDER/<split>/<class>/…`, or those of a list.

    The labels are the names of the class folders, in alphabetical order. `split_seed` is for
    photos without splits of their own; `other` is the recipe's setting.

    Raises:
        TrainingError: no folder, fewer than two classes, or too few photos of one.
    """
    if path is None:
        raise TrainingError(
            "no photos: name a folder that has a sub-folder for each class with --data FOLDER, or a"
            " CSV file with the columns path and label"
        )
    prepared = split_seed, preparation, shape, progress
    if is_photo_list(path):
        photos = read_photo_list(path)
        listed = _classes_first(path, sorted({photo.label for photo in photos}), other)
        return _data_set(path, name, photos, listed, *prepared, LeftOut(), other)
    if not path.is_dir():
        missing = "is not a folder or a .csv or .jsonl file" if path.exists() else "does not exist"
        raise TrainingError(f"the data folder {path} {missing}")
    splits = split_folders(path)
    if splits:
        inner = {each.name for part in splits.values() for each in class_folders(part, LeftOut())}
        return load_split_folders(path, name, _labels(inner), *prepared, other)
    left_out = LeftOut()
    labels = _labels(each.name for each in class_folders(path, left_out))
    classes = _classes_first(path, list(dict.fromkeys(labels.values())), other)
    photos = [
        Photo(source, label)
        for inner, label in labels.items()
        for source in photos_below(path / inner, path, left_out)
    ]
    return _data_set(path, name, photos, classes, *prepared, left_out, other)


def load_split_folders(
    folder: Path,
    name: str,
    labels: Mapping[str, str],
    split_seed: int,
    preparation: str,
    shape: Shape,
    progress: ProgressCallback,
    other: str = "unknown",
) -> DataSet:
    """Load photos from the folders of splits.

    `labels` has the label of each class folder, in the order of the classes; `other` is the
    recipe's setting.

    Raises:
        TrainingError: fewer than two classes, a class without photos in one of the splits, or
            another split seed than that of the folders.
    """
    classes = _classes_first(folder, list(dict.fromkeys(labels.values())), other)
    left_out = LeftOut()
    others = [each.name for each in class_folders(folder, left_out) if not split_named(each.name)]
    photos = []
    for split, part in split_folders(folder).items():
        class_folders(part, left_out)
        for inner, label in labels.items():
            sources = photos_below(part / inner, folder, left_out)
            photos += [Photo(source, label, split) for source in sources]
    prepared = split_seed, preparation, shape, progress
    found = _data_set(folder, name, photos, classes, *prepared, left_out, other)
    if (folder / PREPARED).is_file():
        return replace(found, split_seed=_prepared_split_seed(folder))
    unused = [f"not used, beside the splits: {', '.join(others)}"] if others else []
    return replace(found, notes=(*unused, *found.notes))


def _data_set(
    path: Path,
    name: str,
    photos: list[Photo],
    labels: list[str],
    split_seed: int,
    preparation: str,
    shape: Shape,
    progress: ProgressCallback,
    left_out: LeftOut,
    other: str,
) -> DataSet:
    """Make a data set of photos, in which all have a split or none has."""
    notes = [line for line in [left_out_line(left_out)] if line]
    known = without_other(labels, other)
    notes += [*_alike(labels), *similar(known)]
    given = {photo.split for photo in photos if photo.label in known} - {""}
    missing = [split for split in SPLITS if split not in given]
    if given and "training" in missing:
        raise TrainingError(f"{path} has no photos for training")
    if given and missing:
        photos = [replace(p, split="") if p.split == "training" else p for p in photos]
        notes += [
            f"no photos for {_PURPOSE[split]}: 15% of the training photos are used for it"
            for split in missing
        ]
    if given and not missing:
        _check_split_seed(path, split_seed)
    prepared = split_seed, preparation, shape, progress
    found = assemble(name, photos, labels, *prepared, in_each_split=known)
    found = found if len(known) == len(labels) else set_apart(found)
    return replace(found, notes=(*notes, *found.notes))


def _alike(labels: Iterable[str]) -> Iterator[str]:
    """Say which labels differ in capital letters only, as by a mistake."""
    alike: dict[str, list[str]] = {}
    for label in labels:
        alike.setdefault(label.casefold(), []).append(label)
    for same in alike.values():
        if len(same) > 1:
            yield (
                f"{' and '.join(map(repr, same))} are different classes: give them the same name if"
                " they are one"
            )


def _check_split_seed(folder: Path, split_seed: int) -> None:
    """Check that no other split is asked for where photos have their splits already."""
    made_with = _prepared_split_seed(folder)
    if split_seed not in (1, made_with):
        advice = f"leave out split_seed={split_seed}"
        if made_with:
            advice = f"they were made with split_seed={made_with}; {advice}, or name the archive"
        raise TrainingError(f"{folder} has its splits already: {advice}")


def _prepared_split_seed(folder: Path) -> int | None:
    """Return the split seed of a folder that `prepare` made; None if it is not such a folder."""
    note = folder / PREPARED
    made = json.loads(note.read_text("utf-8") or "{}") if note.is_file() else {}
    return made["split"] if made.get("split_by") == "content" else None


def _labels(folders: Iterable[str]) -> dict[str, str]:
    """Return the label of each class folder, with accents composed (NFC)."""
    return {name: unicodedata.normalize("NFC", name) for name in sorted(folders)}


def _classes_first(path: Path, labels: list[str], other: str) -> list[str]:
    """Return the labels with `other` as the last one, unless it is a class."""
    known = without_other(labels, other)
    has_other = len(known) < len(labels)
    _check_classes(path, known, has_other=has_other)
    return [*known, OTHER] if has_other else labels


def _check_classes(path: Path, labels: Collection[str], *, has_other: bool) -> None:
    if len(labels) >= 2:
        return
    only = next(iter(labels), "")
    found = f"only the class {only!r}" if only else "no class"
    advice = "put the photos of each class into a sub-folder of its own"
    if path.is_file():
        advice = "list photos of another one, too"
    if only and (path / only).is_dir() and len(class_folders(path / only, LeftOut())) >= 2:
        advice = f"if you mean {path / only}, name that"
    archives = [each.name for each in path.glob("*.zip")]
    if archives and not labels:
        advice = f"unpack {archives[0]} first, then name the folder with a sub-folder for each"
    if has_other:
        found += f" beside {OTHER!r}"
        advice += f"; {KEEP_AS_CLASS}"
    raise TrainingError(f"{path} has {found}, and at least two are needed: {advice}")
