"""Scoring a published model on any data set or folder of labelled photos."""

import re
import time
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from training.console import say
from training.data.class_folders import LeftOut, class_folders, left_out_line, photos_below
from training.data.datasets import Photos
from training.data.loading import load
from training.data.photo_lists import is_photo_list, read_photo_list
from training.data.prepared_photos import Source, content_digests, photo_store
from training.data.split_folders import split_folders
from training.data.splits import SPLITS
from training.errors import TrainingError, UsageError
from training.judging.overlap_warnings import data_warning, folder_warning
from training.metrics.evaluation import Evaluation
from training.overrides import on_own_photos, renamed
from training.progress_bars import counting
from training.publishing.published_model import PublishedModel
from training.recipe import ANY_PHOTOS, Recipe
from training.recipes import recipe_named

_SPLITTING = ("split_seed", "held_out")  # Hyperparameters that decide which photos a split has.


@dataclass(frozen=True)
class LabelledPhotos:
    """Labelled photos to score a model on.

    Attributes:
        name: describes the data set or folder.
        labels: class names, in the order of the classes.
        photos: uint8 `[photos, height, width, channels]`.
        classes: int64 `[photos]`.
        left_out: photos that could not be used, with the reasons.
        warning: why the model may look better on these photos than it is; may be empty.
    """

    name: str
    labels: tuple[str, ...]
    photos: Photos
    classes: np.ndarray
    left_out: tuple[str, ...] = ()
    warning: str = ""


def score(model: PublishedModel, photos: LabelledPhotos) -> dict[str, Any]:
    """Evaluate a model on photos.

    Returns:
        JSON values: `model`, `version`, `data`, `warning`, `photos_left_out`, the figures of
        `Evaluation.metrics`, `labels`, `confusion` (rows: correct class; columns: predicted one),
        `seconds` and `images_per_second`.

    Raises:
        TrainingError: the photos do not have the model's shape or labels.
    """
    _check(model, photos)
    began = time.monotonic()
    probabilities = model.probabilities(photos.photos)
    seconds = time.monotonic() - began
    columns = np.array([model.labels.index(label) for label in photos.labels])
    evaluation = Evaluation(photos.labels, photos.classes, probabilities[:, columns])
    return {
        "model": model.name,
        "version": model.version,
        "data": photos.name,
        "warning": photos.warning,
        "photos_left_out": list(photos.left_out),
        **evaluation.metrics(),
        "labels": list(photos.labels),
        "confusion": evaluation.confusion().tolist(),
        "seconds": round(seconds, 3),
        "images_per_second": round(len(photos.classes) / seconds, 1),
    }


def recipe_photos(
    model: PublishedModel, recipe: Recipe | None, data: Path | None, split: str, console: Console
) -> LabelledPhotos:
    """Load a split of a recipe's data set, prepared as the model needs it.

    Without a recipe it is the one that the model was trained by. With that one, its data is split
    as then.

    Raises:
        TrainingError: the model's own recipe is unknown, the data set is not found, or the split is
            empty.
    """
    chosen = _split_as_then(recipe or _own_recipe(model), model)
    prepared = replace(chosen, shape=model.shape, preparation=model.preparation)
    data_set = load(prepared, data, console)
    part = dict(zip(SPLITS, data_set.splits, strict=True))[split]
    if not len(part):
        raise _no_photos(data_set.name, split)
    described = f"the {split} photos of {data_set.name} (sha256 {data_set.digest[:12]}…)"
    warning = data_warning(model, data_set, split, chosen)
    return LabelledPhotos(described, data_set.labels, part.photos, part.classes, warning=warning)


def folder_photos(
    model: PublishedModel, folder: Path, split: str, console: Console
) -> LabelledPhotos:
    """Load the photos of a folder with a sub-folder for each class, prepared as the model needs it.

    The names of the sub-folders are the model's labels, except for case, plural, and characters
    that file names can't have: `T-shirt_top` is T-shirt/top. Not every label needs one. If the
    folder has folders of splits, the one of the split is used. Instead of a folder, a list of
    photos (`training.data.photo_lists`) may be given.

    Raises:
        TrainingError: no such folder, a sub-folder is not a label, or no photo is usable.
    """
    found = _labelled_photos(model, folder, split, console)
    digests = content_digests([source for source, _ in found])
    sources, labelled, left_out = {}, [], []
    for content, (source, index) in zip(digests, found, strict=True):
        if isinstance(content, str):
            sources[content] = source
            labelled.append((content, index))
        else:
            left_out.append(f"{source.name}: can't be read ({content})")
    with counting(console, "preparing photos") as progress:
        store = photo_store(sources, model.preparation, model.shape, progress)
    left_out += [f"{sources[content].name}: {fault}" for content, fault in store.damaged.items()]
    good = [(store.rows[digest], index) for digest, index in labelled if digest in store.rows]
    if not good:
        raise TrainingError(f"{folder} has no readable photos")
    rows, classes = np.array(good, np.int64).T
    warning = folder_warning(model, [digest for digest in sources if digest in store.rows])
    return LabelledPhotos(
        folder.name, model.labels, store.pixels[rows], classes, tuple(left_out), warning
    )


def _check(model: PublishedModel, photos: LabelledPhotos) -> None:
    name = f"{model.name}/{model.version}"
    if set(photos.labels) != set(model.labels):
        raise TrainingError(
            f"{name} can't be scored on {photos.name}: it has the labels"
            f" {', '.join(model.labels)}; these photos have {', '.join(photos.labels)}"
        )
    shape = photos.photos.shape[1:]
    if shape != model.shape:
        wanted, found = ("×".join(map(str, sides)) for sides in (model.shape, shape))
        raise TrainingError(
            f"{name} can't be scored on {photos.name}: it takes photos of {wanted}, these are"
            f" {found}"
        )


def _own_recipe(model: PublishedModel) -> Recipe:
    """Return the recipe that a model was trained by."""
    name = model.card.get("recipe")
    try:
        recipe = recipe_named(str(name))
        own_photos = model.card.get("dataset") == ANY_PHOTOS != recipe.dataset
        return on_own_photos(recipe, model.shape, model.preparation) if own_photos else recipe
    except UsageError as error:
        raise TrainingError(
            f"{model.name}/{model.version} was trained by the unknown recipe {name!r}: choose the"
            " photos to score it on with --photos or --recipe, which also takes the file of a"
            " recipe of your own"
        ) from error


def _split_as_then(recipe: Recipe, model: PublishedModel) -> Recipe:
    """Return a recipe for the model's data; if the model was trained by it, splitting as then."""
    if recipe.name != model.card.get("recipe"):
        return recipe
    then = renamed(model.card.get("parameters", {}))
    splitting = {name: then[name] for name in _SPLITTING if name in then}
    return replace(recipe, model=model.name, **splitting)


def _labelled_photos(
    model: PublishedModel, path: Path, split: str, console: Console
) -> list[tuple[Source, int]]:
    """Return the photos of a folder or a list, each with the index of its label."""
    if is_photo_list(path):
        listed = [photo for photo in read_photo_list(path) if photo.split in ("", split)]
        if not listed:
            raise _no_photos(path, split)
        return [
            (photo.source, _index(model, photo.label, f"the label {photo.label!r} in {path}"))
            for photo in listed
        ]
    if not path.is_dir():
        raise TrainingError(f"the folder of photos {path} does not exist")
    splits = split_folders(path)
    if splits and split not in splits:
        raise _no_photos(path, split)
    return _photos_in_classes(model, splits.get(split, path), console)


def _photos_in_classes(
    model: PublishedModel, folder: Path, console: Console
) -> list[tuple[Source, int]]:
    left_out = LeftOut()
    inner = class_folders(folder, left_out)
    if not inner:
        raise TrainingError(f"{folder} has no sub-folders; each class needs one with its photos")
    found = []
    for path in inner:
        index = _index(model, path.name, f"the sub-folder {path.name!r} of {folder}")
        found += [(source, index) for source in photos_below(path, folder, left_out)]
    if line := left_out_line(left_out):
        say(console, line)
    return found


def _no_photos(where: object, split: str) -> TrainingError:
    return TrainingError(f"{where} has no {split} photos; take another --split")


def _index(model: PublishedModel, name: str, described: str) -> int:
    """Return the index of the label that a folder or a list names."""
    indices = {_plain(label): index for index, label in enumerate(model.labels)}
    plain = _plain(name)
    index = indices.get(plain, indices.get(plain.removesuffix("s")))
    if index is None:
        raise TrainingError(
            f"{described} is not a label of {model.name}/{model.version}; its labels are"
            f" {', '.join(model.labels)}"
        )
    return index


def _plain(name: str) -> str:
    """Return a name without the characters in which labels and folder names may differ."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", name)).strip().casefold()
