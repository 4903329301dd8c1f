"""What a published model recognizes of photos of what it never saw, through its signatures."""

from pathlib import Path
from typing import Any

import numpy as np

from training.errors import TrainingError
from training.publishing.published import PublishedModel
from training.recipes import RECIPES
from training.recipes.images import ANY_PHOTOS
from training.trust.unknowns import known_sets, photos_in, prepared, synthetic_sets


def accepted(model: PublishedModel, data: Path | None, more: list[Path]) -> dict[str, Any]:
    """Let a model look at every set of unknown photos that is found.

    Args:
        model: says `recognized`.
        data: where data sets are looked for; none is downloaded.
        more: folders or zip files of other photos.

    Returns:
        Values that JSON holds: `model`, `version`, and `sets`: by name `photos`, `recognized` (the
        part of them), mean `confidence`, and the `auroc` that the card has for the set, or None.

    Raises:
        TrainingError: the model does not say what it recognizes, or photos can't be read.
    """
    if not model.recognizes:
        raise TrainingError(
            f"{model.name}/{model.version} does not say what it recognizes: it was published with"
            " recognition=none, or before there was such a thing"
        )
    recipe = RECIPES.get(str(model.card.get("recipe")))
    sets = synthetic_sets(model.shape)
    encoded = dict(known_sets(data, recipe.dataset if recipe else ANY_PHOTOS))
    encoded |= {path.stem: photos_in(path) for path in more}
    for name, photos in encoded.items():
        sets[name] = prepared(photos, model.preparation, model.shape)
    found = {name: _figures(model, name, photos) for name, photos in sets.items()}
    return {"model": model.name, "version": model.version, "sets": found}


def _figures(model: PublishedModel, name: str, photos: np.ndarray) -> dict[str, Any]:
    answers = model.answers(photos)
    recognition = model.card.get("recognition") or {}
    told = recognition.get("unknowns", {}).get(name, {}).get("scores", {})
    return {
        "photos": len(photos),
        "recognized": float(answers["recognized"].mean()),
        "confidence": float(answers["probabilities"].max(axis=1).mean()),
        "auroc": told.get(recognition.get("score"), {}).get("auroc"),
    }
