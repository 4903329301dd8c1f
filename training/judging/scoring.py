"""Scoring a published model on any data set or folder of photos."""

import re
import time
import unicodedata
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from training.data.datasets import DataSet, Photos
from training.data.loaders.image_folders import SPLIT_FOLDERS, split_folders
from training.data.loading import load
from training.data.prepared_photos import Source, content_digests, photo_store
from training.errors import TrainingError
from training.metrics.evaluation import Evaluation
from training.overrides import renamed
from training.progress_bars import counting
from training.publishing.published import PublishedModel
from training.recipe import Recipe
from training.recipes import RECIPES

SPLITS = ("test", "validation", "training")
_SPLITTING = ("split_seed", "held_out")  # They decide which photos a split has.


@dataclass(frozen=True)
class Material:
    """Labelled photos to score a model on.

    Attributes:
        name: of the data set or folder, for people.
        labels: class names, in the order of the classes.
        photos: uint8 `[photos, height, width, channels]`.
        classes: int64 `[photos]`.
        left_out: photos that could not be used, each with the reason.
    """

    name: str
    labels: tuple[str, ...]
    photos: Photos
    classes: np.ndarray
    left_out: tuple[str, ...] = ()


def score(model: PublishedModel, material: Material) -> dict[str, Any]:
    """Let a model classify photos and judge it.

    Returns:
        Values that JSON holds: `model`, `version`, `data`, `photos_left_out`, the figures of
        `Evaluation.metrics`, `labels`, `confusion` (rows: right class; columns: chosen one),
        `seconds` and `images_per_second`.

    Raises:
        TrainingError: the model takes other photos or knows other labels.
    """
    _check(model, material)
    began = time.monotonic()
    answers = model.probabilities(material.photos)
    seconds = time.monotonic() - began
    columns = np.array([model.labels.index(label) for label in material.labels])
    evaluation = Evaluation(material.labels, material.classes, answers[:, columns])
    return {
        "model": model.name,
        "version": model.version,
        "data": material.name,
        "photos_left_out": list(material.left_out),
        **evaluation.metrics(),
        "labels": list(material.labels),
        "confusion": evaluation.confusion().tolist(),
        "seconds": round(seconds, 3),
        "images_per_second": round(len(material.classes) / seconds, 1),
    }


def recipe_material(
    model: PublishedModel, recipe: Recipe | None, data: Path | None, split: str, console: Console
) -> Material:
    """Load a split of a recipe's data set, prepared as the model wants its photos.

    Args:
        model: what is to be scored.
        recipe: whose data set; None: of the recipe that the model was trained by, split as then.
        data: where data sets are looked for first.
        split: one of `SPLITS`.
        console: where what is loaded is said.

    Raises:
        TrainingError: the model's own recipe is unknown, the data set is not there, or the split
            is empty.
    """
    chosen = recipe or _own_recipe(model)
    prepared = replace(chosen, shape=model.shape, preparation=model.preparation)
    data_set = load(prepared, data, console)
    part = dict(zip(("training", "validation", "test"), data_set.splits, strict=True))[split]
    if not len(part):
        raise TrainingError(f"{data_set.name} has no {split} photos; take another --split")
    return Material(_described(data_set, split), data_set.labels, part.photos, part.classes)


def folder_material(model: PublishedModel, folder: Path, split: str, console: Console) -> Material:
    """Prepare the photos of a folder that has a sub-folder for each class, as the model wants them.

    Where the folder has `train`, `validation` and `test`, the split's is taken.

    Args:
        model: what is to be scored; its labels name the sub-folders, but for case and for what a
            file name can't hold: `T-shirt_top` is T-shirt/top, `cats` is cat.
        folder: not every label needs to have one.
        split: one of `SPLITS`.
        console: where progress is shown.

    Raises:
        TrainingError: no such folder, a sub-folder that is no label, or no usable photo.
    """
    if not folder.is_dir():
        raise TrainingError(f"the folder of photos {folder} does not exist")
    if split_folders(folder):
        folder /= {where: name for name, where in SPLIT_FOLDERS.items()}[split]
    found = _labelled_photos(model, folder)
    digests = content_digests([source for source, _ in found])
    sources, places, left_out = {}, [], []
    for content, (source, place) in zip(digests, found, strict=True):
        if isinstance(content, str):
            sources[content] = source
            places.append((content, place))
        else:
            left_out.append(f"{source.name}: it can't be read ({content})")
    with counting(console, "preparing photos") as progress:
        store = photo_store(sources, model.preparation, model.shape, progress)
    left_out += [f"{sources[content].name}: {fault}" for content, fault in store.damaged.items()]
    good = [(store.rows[content], place) for content, place in places if content in store.rows]
    if not good:
        raise TrainingError(f"{folder} has no photo that can be read in its sub-folders")
    rows, classes = np.array(good, np.int64).T
    return Material(folder.name, model.labels, store.pixels[rows], classes, tuple(left_out))


def _check(model: PublishedModel, material: Material) -> None:
    name = f"{model.name}/{model.version}"
    if set(material.labels) != set(model.labels):
        raise TrainingError(
            f"{name} can't be judged on {material.name}: it knows the labels"
            f" {', '.join(model.labels)}; these photos have {', '.join(material.labels)}"
        )
    shape = material.photos.shape[1:]
    if shape != model.shape:
        wanted, found = ("×".join(map(str, sides)) for sides in (model.shape, shape))
        raise TrainingError(
            f"{name} can't be judged on {material.name}: it takes photos of {wanted}, these are"
            f" {found}"
        )


def _own_recipe(model: PublishedModel) -> Recipe:
    """Return the recipe that a model was trained by, with the split that it had."""
    name = model.card.get("recipe")
    recipe = RECIPES.get(str(name))
    if recipe is None:
        raise TrainingError(
            f"{model.name}/{model.version} was trained by the recipe {name!r}, which is not here:"
            " say with --recipe or --photos what to judge it on"
        )
    parameters = renamed(model.card.get("parameters", {}))
    return replace(recipe, **{name: parameters[name] for name in _SPLITTING if name in parameters})


def _described(data: DataSet, split: str) -> str:
    return f"the {split} photos of {data.name} (sha256 {data.digest[:12]}…)"


def _labelled(model: PublishedModel, folder: Path) -> dict[Path, int]:
    """Return the sub-folders of a folder, each with its place among the model's labels."""
    places = {_plain(label): place for place, label in enumerate(model.labels)}
    inner = sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    if not inner:
        raise TrainingError(f"{folder} has no sub-folders; each class needs one with its photos")
    found = {}
    for path in inner:
        plain = _plain(path.name)
        place = places.get(plain, places.get(plain.removesuffix("s")))
        if place is None:
            raise TrainingError(
                f"the sub-folder {path.name!r} of {folder} is no label of"
                f" {model.name}/{model.version}; its labels are {', '.join(model.labels)}"
            )
        found[path] = place
    return found


def _labelled_photos(model: PublishedModel, folder: Path) -> list[tuple[Source, int]]:
    """Return the photos of a folder, each with the place of its label; hidden files left out."""
    return [
        (Source(path.relative_to(folder).as_posix(), path.read_bytes), place)
        for inner, place in _labelled(model, folder).items()
        for path in sorted(inner.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    ]


def _plain(name: str) -> str:
    """Return a name without what differs between labels and names of folders."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFC", name)).strip().casefold()
