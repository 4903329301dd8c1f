"""Photos of four pixels whose brightest pixel is the class, and a model that predicts it."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from training.data.datasets import DataSet, Split
from training.data.prepared_photos import PhotoStore
from training.metrics.evaluation import Evaluation
from training.networks.dense import DenseNetwork
from training.publishing.publish import publish
from training.recipe import Recipe

LABELS = ("a", "b", "c")
DIGEST = "d" * 64
LETTERS = Recipe(
    name="letters-dense",
    model="letters",
    what="",
    expected="",
    dataset="signals",
    preparation="squash/1",
    shape=(2, 2, 1),
    network=DenseNetwork(),
    floor=0.5,
)


def photos(signals: np.ndarray) -> np.ndarray:
    """Return uint8 `[photos, 2, 2, 1]` in which the pixel at index `signal` is bright."""
    return np.asarray(255 * np.eye(4, dtype=np.uint8)[signals]).reshape(-1, 2, 2, 1)


def data_set(right: int, wrong: int, labels: tuple[str, ...] = LABELS) -> DataSet:
    """Return a data set of whose test photos the model gets `right` right and `wrong` wrong."""
    classes = np.arange(right + wrong) % len(labels)
    signals = classes.copy()
    signals[right:] = (classes[right:] + 1) % len(labels)
    test = Split(photos(signals), classes)
    empty = Split(test.photos[:0], test.classes[:0])
    return DataSet("signals", labels, DIGEST, empty, empty, test)


def evaluation(data: DataSet, right: np.ndarray) -> Evaluation:
    """Return the evaluation of a model that is right where `right` is true."""
    count = len(data.labels)
    chosen = np.where(right, data.test.classes, (data.test.classes + 1) % count)
    probabilities = np.eye(count, dtype=np.float32)[chosen] * 0.8 + 0.2 / count
    return Evaluation(data.labels, data.test.classes, probabilities)


def with_contents(data: DataSet, split_seed: int | None) -> DataSet:
    """Return a data set with a store, in which each test photo has a content of its own."""
    contents = [
        hashlib.sha256(bytes([i % 256, i // 256])).hexdigest() for i in range(len(data.test))
    ]
    rows = {content: row for row, content in enumerate(contents)}
    store = PhotoStore("", np.asarray(data.test.photos), rows, {}, {})
    test = replace(data.test, rows=np.arange(len(data.test)))
    return replace(data, test=test, store=store, split_seed=split_seed)


def published(
    base: Path,
    labels: tuple[str, ...] = LABELS,
    accuracy: float | None = None,
    fourth: int = 0,
    trained_on: np.ndarray | None = None,
    **card: Any,
) -> int:
    """Publish the model that predicts the class whose pixel is bright, or `fourth` for the fourth.

    Its card states the accuracy on the test photos, if it is given. `trained_on` are the digests of
    its training photos.
    """
    image = keras.Input((2, 2, 1), dtype="uint8", name="image")
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    head = keras.layers.Dense(len(labels), activation="softmax", use_bias=False)
    network = keras.Model(image, head(flat))
    order = [LABELS.index(x) if x in LABELS else index % 4 for index, x in enumerate(labels)]
    kernel = 8 * np.eye(4, dtype=np.float32)[:, order]
    if 3 not in order:
        kernel[3, fourth] = 8
    head.set_weights([kernel])
    described = {
        "name": base.name,
        "labels": list(labels),
        "preparation": "squash/1",
        "data": {"sha256": DIGEST},
    }
    if accuracy is not None:
        described["metrics"] = {"test": {"accuracy": accuracy}}
    return publish(network, {**described, **card}, base, training_photos=trained_on)
