"""The confusion matrix and the surest mistakes of a model, for its card."""

import base64
import io
from typing import Any

import numpy as np
from PIL import Image

from training.data.datasets import Photos
from training.metrics.evaluation import Evaluation, confident_mistakes

MAX_CHARACTERS = 60_000
"""Of all pictures together, in base64: the card is part of the graph, and of responses."""

_MAX_SIDE = 96
_COLOURS = 64


def confusion_and_mistakes(evaluation: Evaluation, photos: Photos | None) -> dict[str, Any]:
    """Return what the card says about the mistakes on the test photos.

    Args:
        evaluation: of all test photos.
        photos: their pixels, uint8 `[photos, height, width, channels]`; None leaves the pictures
            out, for photos that are not public.

    Returns:
        `confusion` with `labels` and `counts`, whose rows are the true classes; `mistakes`, the
        most confident first: `label`, `predicted`, `probability` and, with photos, `png`.
    """
    found, characters = [], 0
    for index in confident_mistakes(evaluation).tolist():
        mistake = {
            "label": evaluation.labels[evaluation.classes[index]],
            "predicted": evaluation.labels[evaluation.predicted[index]],
            "probability": float(evaluation.probabilities[index].max()),
        }
        if photos is not None:
            mistake["png"] = _picture(np.asarray(photos[index]))
            characters += len(mistake["png"])
            if characters > MAX_CHARACTERS:
                break
        found.append(mistake)
    counts = evaluation.confusion().tolist()
    return {"confusion": {"labels": list(evaluation.labels), "counts": counts}, "mistakes": found}


def without_pictures(card: dict[str, Any]) -> dict[str, Any]:
    """Return a card whose mistakes have no pictures."""
    test = card["metrics"]["test"]
    mistakes = [
        {name: value for name, value in each.items() if name != "png"}
        for each in test.get("mistakes", [])
    ]
    metrics = {**card["metrics"], "test": {**test, "mistakes": mistakes}}
    return {**card, "metrics": metrics}


def _picture(pixels: np.ndarray) -> str:
    """Return a PNG in base64; one of a large photo is smaller and has few colours."""
    gray = pixels.shape[2] == 1
    picture = Image.fromarray(pixels[..., 0] if gray else pixels)
    picture.thumbnail((_MAX_SIDE, _MAX_SIDE))
    file = io.BytesIO()
    (picture if gray else picture.quantize(_COLOURS)).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
