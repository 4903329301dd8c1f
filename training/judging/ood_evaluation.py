"""How many unknown (out-of-distribution) photos a published model recognizes."""

from pathlib import Path
from typing import Any

import numpy as np

from training.errors import TrainingError, UsageError
from training.publishing.published_model import PublishedModel
from training.recipe import ANY_PHOTOS
from training.recipes import RECIPES
from training.trust.ood_datasets import (
    EncodedPhotos,
    prepare_photos,
    published_sets,
    read_photos,
    synthetic_sets,
)


def evaluate_ood(model: PublishedModel, data: Path | None, more: list[Path]) -> dict[str, Any]:
    """Evaluate a model on every set of unknown photos that is found in `data`, and on `more`.

    Returns:
        JSON values: `model`, `version`, and `sets`: by name `photos`, `recognized` (their share),
        mean `confidence`, and the `auroc` in the card; None where the card has none, and for the
        sets of `more`, whatever their names.

    Raises:
        TrainingError: the model has no output `recognized`, or photos can't be read.
        UsageError: two sets have the same name.
    """
    if not model.recognizes:
        raise TrainingError(
            f"{model.name}/{model.version} does not tell which photos it recognizes: it was"
            " published with recognition=none, or by an older release"
        )
    recipe = RECIPES.get(str(model.card.get("recipe")))
    sets = synthetic_sets(model.shape)
    encoded = dict(published_sets(data, recipe.dataset if recipe else ANY_PHOTOS))
    own = _own_sets(more, {*sets, *encoded})
    for name, photos in (encoded | own).items():
        sets[name] = prepare_photos(photos, model.preparation, model.shape)
    recognition = model.card.get("recognition") or {}
    found = {}
    for name, pixels in sets.items():
        card = {} if name in own else recognition.get("unknowns", {}).get(name, {})
        auroc = card.get("scores", {}).get(recognition.get("score"), {}).get("auroc")
        found[name] = {**_figures(model, pixels), "auroc": auroc}
    return {"model": model.name, "version": model.version, "sets": found}


def _own_sets(paths: list[Path], taken: set[str]) -> dict[str, EncodedPhotos]:
    """Return the photos of folders and archives by their names."""
    found: dict[str, EncodedPhotos] = {}
    for path in paths:
        name = path.absolute().stem
        if name in taken or name in found:
            raise UsageError(
                f"there are two sets of photos called {name!r}, one is --photos {path}: rename it"
            )
        found[name] = read_photos(path)
    return found


def _figures(model: PublishedModel, photos: np.ndarray) -> dict[str, Any]:
    outputs = model.predict(photos)
    return {
        "photos": len(photos),
        "recognized": float(outputs["recognized"].mean()),
        "confidence": float(outputs["probabilities"].max(axis=1).mean()),
    }
