"""The confusion matrix and the most confident mistakes of a card."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from training.metrics.evaluation import Evaluation
from training.publishing.mistakes import MAX_CHARACTERS, confusion_and_mistakes

LABELS = ("cat", "dog", "fox")


def evaluation(photos: int = 30) -> Evaluation:
    """Every photo is a cat; every third is predicted right, the others as dogs ever more surely."""
    sure = np.linspace(0.5, 0.9, photos, dtype=np.float32)
    probabilities = np.stack([1 - sure, sure, np.zeros(photos, np.float32)], axis=1)
    probabilities[::3] = (0.8, 0.1, 0.1)
    return Evaluation(LABELS, np.zeros(photos, np.int64), probabilities)


def test_rows_are_the_true_classes() -> None:
    found = confusion_and_mistakes(evaluation(), None)
    assert found["confusion"] == {
        "labels": list(LABELS),
        "counts": [[10, 20, 0], [0, 0, 0], [0, 0, 0]],
    }
    json.dumps(found)


def test_photos_that_are_not_public_are_left_out() -> None:
    mistakes = confusion_and_mistakes(evaluation(), None)["mistakes"]
    assert len(mistakes) == 12
    assert mistakes[0] == {"label": "cat", "predicted": "dog", "probability": pytest.approx(0.9)}
    assert [each["probability"] for each in mistakes] == sorted(
        (each["probability"] for each in mistakes), reverse=True
    )


@pytest.mark.parametrize(("shape", "side"), [((28, 28, 1), 28), ((150, 150, 3), 96)])
def test_public_photos_are_pictures_of_a_bounded_size(shape: tuple[int, ...], side: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (30, *shape), np.uint8)
    mistakes = confusion_and_mistakes(evaluation(), noise)["mistakes"]
    assert 3 < len(mistakes) <= 12
    assert sum(len(each["png"]) for each in mistakes) <= MAX_CHARACTERS
    picture = Image.open(io.BytesIO(base64.b64decode(mistakes[0]["png"])))
    assert picture.size == (side, side)
    if shape[2] == 1:  # The most confident mistake is the last photo.
        np.testing.assert_array_equal(np.asarray(picture), noise[29, ..., 0])


def test_a_model_without_mistakes_has_none() -> None:
    right = Evaluation(LABELS, np.array([0, 1]), np.eye(3, dtype=np.float32)[:2])
    assert confusion_and_mistakes(right, None)["mistakes"] == []
