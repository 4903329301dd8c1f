"""Scoring a published model on any data set or folder of labelled photos."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from training.data.datasets import Photos, Rows
from training.data.loading import load
from training.data.prepared_photos import content_digests, photo_store
from training.data.splits import SPLITS
from training.errors import TrainingError, UsageError
from training.judging.overlap_warnings import Overlap, overlap_with_data, overlap_with_photos
from training.judging.own_photos import labelled_sources, no_photos
from training.judging.scored_model import ScoredModel
from training.metrics.evaluation import Evaluation
from training.overrides import on_own_photos, renamed
from training.progress_bars import counting
from training.recipe import ANY_PHOTOS, Recipe
from training.recipes import recipe_named
from training.runs.predictions import SplitPredictions, write_predictions

_SPLITTING = ("split_seed", "held_out")  # Hyperparameters that decide which photos a split has.


@dataclass(frozen=True)
class LabelledPhotos:
    """Labelled photos to score a model on.

    Attributes:
        name: describes the data set or folder.
        labels: class names, in the order of the classes.
        photos: uint8 `[photos, height, width, channels]`.
        classes: int64 `[photos]`.
        overlap: which of them the model was trained on.
        left_out: photos that could not be used, with the reasons.
        split: of the data set; empty for photos of a folder or a list.
        names: of the photos, as in `DataSet.names`.
    """

    name: str
    labels: tuple[str, ...]
    photos: Photos
    classes: np.ndarray
    overlap: Overlap
    left_out: tuple[str, ...] = ()
    split: str = ""
    names: Sequence[str] = ()

    def part(self, rows: np.ndarray) -> "LabelledPhotos":
        """Return some of them, given by their indices, int64 `[photos]`."""
        seen = self.overlap.seen
        return replace(
            self,
            photos=Rows(self.photos, rows),
            classes=self.classes[rows],
            overlap=replace(self.overlap, seen=None if seen is None else seen[rows]),
            names=[self.names[row] for row in rows.tolist()] if self.names else (),
        )


def score(
    model: ScoredModel, photos: LabelledPhotos, predictions: Path | None = None
) -> dict[str, Any]:
    """Evaluate a model on photos; write the predictions into a CSV file, if one is named.

    Returns:
        JSON values: `model`, `version`, `data`; `trained_on`, how many of the photos the model was,
        or may have been, trained on (None if unknown), and a `warning` about it; `photos_left_out`;
        the figures of `Evaluation.metrics`; `unseen`, those of the photos that it was not trained
        on (None if unknown, or without any); `labels`, `confusion` (rows: correct class; columns:
        predicted one), `seconds` and `images_per_second`.

    Raises:
        TrainingError: the photos do not have the model's shape or labels, or the file can't be
            written.
    """
    began = time.monotonic()
    evaluation, recognized = predicted(model, photos)
    seconds = time.monotonic() - began
    if predictions:
        split = SplitPredictions(photos.split, photos.names, evaluation, recognized)
        write_predictions(predictions, [split])
    seen = photos.overlap.seen
    return {
        "model": model.name,
        "version": model.version,
        "data": photos.name,
        "trained_on": None if seen is None else int(seen.sum()),
        "warning": photos.overlap.warning(f"{model.name}/{model.version}", len(photos.classes)),
        "photos_left_out": list(photos.left_out),
        **evaluation.metrics(),
        "unseen": None if seen is None or seen.all() else evaluation.of(~seen).metrics(),
        "labels": list(photos.labels),
        "confusion": evaluation.confusion().tolist(),
        "seconds": round(seconds, 3),
        "images_per_second": round(len(photos.classes) / seconds, 1),
    }


def predicted(model: ScoredModel, photos: LabelledPhotos) -> tuple[Evaluation, np.ndarray | None]:
    """Return what a model predicts for photos, and which it recognizes, if it can tell.

    Raises:
        TrainingError: the photos do not have the model's shape or labels.
    """
    _check(model, photos)
    outputs = model.predict(photos.photos)
    columns = np.array([model.labels.index(label) for label in photos.labels])
    evaluation = Evaluation(photos.labels, photos.classes, outputs["probabilities"][:, columns])
    return evaluation, outputs.get("recognized")


def recipe_photos(
    model: ScoredModel, recipe: Recipe | None, data: Path | None, split: str, console: Console
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
        raise no_photos(data_set.name, split)
    described = f"the {split} photos of {data_set.name} (sha256 {data_set.digest[:12]}…)"
    overlap = overlap_with_data(model, data_set, part, chosen)
    return LabelledPhotos(
        described,
        data_set.labels,
        part.photos,
        part.classes,
        overlap,
        split=split,
        names=data_set.names(part),
    )


def folder_photos(model: ScoredModel, folder: Path, split: str, console: Console) -> LabelledPhotos:
    """Load labelled photos (`training.data.own_photos`), prepared as the model needs them.

    Not every label needs photos; those of none of the classes are left out. If the photos have
    splits, those of `split` are used.

    Raises:
        TrainingError: no such photos, a folder is not named as a label, or no photo is usable.
    """
    sources, labelled, left_out = {}, [], []
    with labelled_sources(model, folder, split, console) as found:
        digests = content_digests([source for source, _ in found])
        for content, (source, index) in zip(digests, found, strict=True):
            if isinstance(content, str):
                sources[content] = source
                labelled.append((content, index, source.path))
            else:
                left_out.append(f"{source.name}: can't be read ({content})")
        with counting(console, "preparing photos") as progress:
            store = photo_store(sources, model.preparation, model.shape, progress)
    left_out += [f"{sources[content].name}: {fault}" for content, fault in store.damaged.items()]
    good = [each for each in labelled if each[0] in store.rows]
    if not good:
        raise TrainingError(f"{folder} has no readable photos")
    contents = [content for content, _, _ in good]
    photos = store.pixels[[store.rows[content] for content in contents]]
    return LabelledPhotos(
        folder.name,
        model.labels,
        photos,
        np.array([index for _, index, _ in good], np.int64),
        overlap_with_photos(model, contents, photos),
        tuple(left_out),
        names=[name for _, _, name in good],
    )


def _check(model: ScoredModel, photos: LabelledPhotos) -> None:
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


def _own_recipe(model: ScoredModel) -> Recipe:
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


def _split_as_then(recipe: Recipe, model: ScoredModel) -> Recipe:
    """Return a recipe for the model's data; if the model was trained by it, splitting as then."""
    if recipe.name != model.card.get("recipe"):
        return recipe
    then = renamed(model.card.get("parameters", {}))
    splitting = {name: then[name] for name in _SPLITTING if name in then}
    return replace(recipe, model=model.name, **splitting)
