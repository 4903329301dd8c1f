"""The drawings: the same each time, photo-like, and recognizable to the starter model."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from demo.garments import GARMENTS, Garment, draw
from demo.samples import Sample
from serving.photos import prepare
from serving.repository.seed import STARTERS
from serving.repository.versions import published_versions

LABELS = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
RIGHT_AT_LEAST = 8


@pytest.fixture
def drawings(garment_samples: list[Sample]) -> list[np.ndarray]:
    """Return all drawings as uint8 `[height, width, 3]`."""
    return [np.asarray(Image.open(io.BytesIO(sample.encoded))) for sample in garment_samples]


def test_there_is_one_of_each_class() -> None:
    assert tuple(garment.label for garment in GARMENTS) == LABELS


@pytest.mark.parametrize("garment", GARMENTS[::4], ids=lambda garment: garment.label)
def test_a_drawing_is_the_same_each_time(garment: Garment) -> None:
    assert draw(garment).tobytes() == draw(garment).tobytes()


def test_drawings_are_photos_of_something_dark_on_a_light_background(
    drawings: list[np.ndarray],
) -> None:
    for drawing in drawings:
        height, width, _ = drawing.shape
        assert min(height, width) >= 600
        corners = drawing[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert corners.min() > 230
        covered = (drawing.mean(axis=-1) < 190).mean()
        assert 0.1 < covered < 0.8


def test_all_drawings_differ(drawings: list[np.ndarray]) -> None:
    small = [np.asarray(Image.fromarray(d).convert("L").resize((28, 28)), int) for d in drawings]
    for index, one in enumerate(small):
        for other in small[index + 1 :]:
            assert np.abs(one - other).mean() > 5


def test_the_starter_model_names_at_least_8_of_10(garment_samples: list[Sample]) -> None:
    import tensorflow as tf

    model = STARTERS / "clothing"
    served = tf.saved_model.load(str(newest(model))).signatures
    described = served["describe"](image=tf.zeros((1, 28, 28, 1), tf.uint8))
    labels, preparation = (
        described["labels"].numpy()[0],
        described["preparation"].numpy()[0].decode(),
    )
    pixels = np.stack([prepare(s.encoded, preparation, (28, 28, 1)) for s in garment_samples])
    best = served["serving_default"](image=tf.constant(pixels))["probabilities"].numpy().argmax(-1)
    named = [labels[index].decode() for index in best]
    wrong = [
        f"{true} is labelled {name}"
        for true, name in zip(LABELS, named, strict=True)
        if true != name
    ]
    assert len(wrong) <= len(LABELS) - RIGHT_AT_LEAST, wrong


def newest(model: Path) -> Path:
    return model / str(published_versions(model)[-1])
