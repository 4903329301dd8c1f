"""Photos in folders: a sub-folder for each class, named as the class.

Folders `train`, `validation` and `test` with such sub-folders are the splits; otherwise the photos
are split here. Every file counts as a photo, regardless of its name, except hidden ones
(`.DS_Store`).
"""

import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from serving.photos import Shape
from training.data.datasets import DataSet
from training.data.labelled_photos import Photo, assemble
from training.data.loading import dataset
from training.data.prepared_photos import Source
from training.errors import TrainingError
from training.progress_bars import ProgressCallback
from training.recipe import ANY_PHOTOS, Recipe

PREPARED = ".prepared.json"
"""In a folder that `prepare` made: its archive, its split seed, and what it was split by."""
SPLIT_FOLDERS = {"train": "training", "validation": "validation", "test": "test"}
_LIKE_SPLITS = {*SPLIT_FOLDERS, "training", "valid", "val", "dev", "testing"}
_NO_PHOTOS = {"Thumbs.db", "desktop.ini"}  # Windows puts them beside photos.


@dataset(ANY_PHOTOS, reads=("split_seed",))
def _load(recipe: Recipe, data: Path | None, progress: ProgressCallback) -> DataSet:
    prepared = recipe.preparation, recipe.shape
    return load_image_folder(data, recipe.model, recipe.split_seed, *prepared, progress)


def load_image_folder(
    folder: Path | None,
    name: str,
    split: int,
    preparation: str,
    shape: Shape,
    progress: ProgressCallback,
) -> DataSet:
    """Load photos from `FOLDER/<class>/…` or `FOLDER/{train,validation,test}/<class>/…`.

    The labels are the names of the class folders, in alphabetical order. `split` is for
    folders without splits of their own.

    Raises:
        TrainingError: no folder, fewer than two classes, or too few photos of one.
    """
    if folder is None:
        raise TrainingError(
            "no photos: name a folder that has a sub-folder for each class with --data FOLDER"
        )
    if not folder.is_dir():
        raise TrainingError(f"the data folder {folder} does not exist")
    if split_folders(folder):
        inner = set().union(*map(_classes, split_folders(folder).values()))
        return load_split_folders(folder, name, _labels(inner), split, preparation, shape, progress)
    labels = _labels(_classes(folder))
    _check_classes(folder, labels)

    photos = [p for inner, label in labels.items() for p in _photos(folder, folder / inner, label)]
    classes = list(labels.values())
    return assemble(name, photos, classes, split, preparation, shape, progress)


def split_folders(folder: Path) -> dict[str, Path]:
    """Return the folders of the splits by the split's name; empty if there are no such folders.

    Raises:
        TrainingError: there are some of them, but not all.
    """
    found = {split: folder / name for name, split in SPLIT_FOLDERS.items()}
    if all(path.is_dir() for path in found.values()):
        return found
    names = _classes(folder) if folder.is_dir() else set()
    if len(names) >= 2 and names <= _LIKE_SPLITS:
        raise TrainingError(
            f"{folder} has {' and '.join(sorted(names))}, which look like splits, not like"
            f" classes: splits are named {', '.join(SPLIT_FOLDERS)}, and all three are needed"
        )
    return {}


def load_split_folders(
    folder: Path,
    name: str,
    labels: Mapping[str, str],
    split_seed: int,
    preparation: str,
    shape: Shape,
    progress: ProgressCallback,
) -> DataSet:
    """Load photos from the folders `train`, `validation` and `test`.

    `labels` has the label of each class folder, in the order of the classes.

    Raises:
        TrainingError: fewer than two classes, a class without photos in one of the splits, or
            another split seed than that of the folders.
    """
    _check_classes(folder, labels)
    made_with = _prepared_split_seed(folder)
    if split_seed not in (1, made_with):
        advice = f"leave out split_seed={split_seed}"
        if made_with:
            advice = f"they were made with split_seed={made_with}; {advice}, or name the archive"
        raise TrainingError(f"{folder} has its splits already: {advice}")
    photos = [
        Photo(photo.source, photo.label, split)
        for split, part in split_folders(folder).items()
        for inner, label in labels.items()
        for photo in _photos(folder, part / inner, label)
    ]
    found = assemble(name, photos, list(labels.values()), split_seed, preparation, shape, progress)
    return replace(found, split_seed=made_with)


def _prepared_split_seed(folder: Path) -> int | None:
    """Return the split seed of a folder that `prepare` made; None if it is not such a folder."""
    note = folder / PREPARED
    made = json.loads(note.read_text("utf-8") or "{}") if note.is_file() else {}
    return made["split"] if made.get("split_by") == "content" else None


def _classes(folder: Path) -> set[str]:
    """Return the names of the class folders, if all can be printed."""
    names = {path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != "."}
    for name in names:
        if not name.isprintable():
            raise TrainingError(f"{folder} has a sub-folder {name!r}, which can't be a label")
    return names


def _labels(folders: Iterable[str]) -> dict[str, str]:
    """Return the label of each class folder, with accents composed (NFC)."""
    return {name: unicodedata.normalize("NFC", name) for name in sorted(folders)}


def _check_classes(folder: Path, labels: Mapping[str, str]) -> None:
    if len(labels) >= 2:
        return
    only = next(iter(labels), "")
    found = f"only the class {only!r}" if only else "no class"
    advice = "put the photos of each class into a sub-folder of its own"
    if only and (folder / only).is_dir() and len(_classes(folder / only)) >= 2:
        advice = f"if you mean {folder / only}, name that"
    archives = [path.name for path in folder.glob("*.zip")]
    if archives and not labels:
        advice = f"unpack {archives[0]} first, then name the folder with a sub-folder for each"
    raise TrainingError(f"{folder} has {found}, and at least two are needed: {advice}")


def _photos(root: Path, folder: Path, label: str) -> list[Photo]:
    """Return the photos of a class, also from sub-folders, in the order of their names."""
    if not folder.is_dir():
        return []
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _is_photo(path, folder))
    return [Photo(Source(_name(path, root), path.read_bytes), label) for path in files]


def _is_photo(path: Path, folder: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.name not in _NO_PHOTOS


def _name(path: Path, root: Path) -> str:
    """Return a file's path below the root as text, equal on all systems."""
    name = path.relative_to(root).as_posix().encode(errors="surrogateescape")
    return unicodedata.normalize("NFC", name.decode(errors="replace"))
