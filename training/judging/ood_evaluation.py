"""What a published model recognizes of photos of what it never saw, through its signatures."""

from pathlib import Path
from typing import Any

import numpy as np

from training.errors import TrainingError, UsageError
from training.publishing.published import PublishedModel
from training.recipe import ANY_PHOTOS
from training.recipes import RECIPES
from training.trust.ood_datasets import Encoded, known_sets, photos_in, prepared, synthetic_sets


def accepted(model: PublishedModel, data: Path | None, more: list[Path]) -> dict[str, Any]:
    """Let a model look at every set of unknown photos that is found.

    Args:
        model: says `recognized`.
        data: where data sets are looked for; none is downloaded.
        more: folders or zip files of other photos.

    Returns:
        Values that JSON holds: `model`, `version`, and `sets`: by name `photos`, `recognized` (the
        part of them), mean `confidence`, and the `auroc` that the card has for the set; None where
        it has none, and for the sets of `more`, whatever their names.

    Raises:
        TrainingError: the model does not say what it recognizes, or photos can't be read.
        UsageError: two sets have one name.
    """
    if not model.recognizes:
        raise TrainingError(
            f"{model.name}/{model.version} does not say what it recognizes: it was published with"
            " recognition=none, or before there was such a thing"
        )
    recipe = RECIPES.get(str(model.card.get("recipe")))
    sets = synthetic_sets(model.shape)
    encoded = dict(known_sets(data, recipe.dataset if recipe else ANY_PHOTOS))
    own = _own_sets(more, {*sets, *encoded})
    for name, photos in (encoded | own).items():
        sets[name] = prepared(photos, model.preparation, model.shape)
    recognition = model.card.get("recognition") or {}
    found = {}
    for name, pixels in sets.items():
        told = {} if name in own else recognition.get("unknowns", {}).get(name, {})
        auroc = told.get("scores", {}).get(recognition.get("score"), {}).get("auroc")
        found[name] = {**_figures(model, pixels), "auroc": auroc}
    return {"model": model.name, "version": model.version, "sets": found}


def _own_sets(paths: list[Path], taken: set[str]) -> dict[str, Encoded]:
    """Return the photos of folders and archives by their names."""
    found: dict[str, Encoded] = {}
    for path in paths:
        name = path.absolute().stem
        if name in taken or name in found:
            raise UsageError(
                f"there are two sets of photos called {name!r}, one is --photos {path}: rename it"
            )
        found[name] = photos_in(path)
    return found


def _figures(model: PublishedModel, photos: np.ndarray) -> dict[str, Any]:
    answers = model.answers(photos)
    return {
        "photos": len(photos),
        "recognized": float(answers["recognized"].mean()),
        "confidence": float(answers["probabilities"].max(axis=1).mean()),
    }
