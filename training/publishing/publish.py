"""Publishing: a trained network becomes a numbered version, if it survives being read back.

It is written to a staging folder, checked there, and only then renamed into place. Before, its
`serving_default` is written alone, for the figures of its card, which is part of the graph.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from serving.repository.errors import ModelChanged
from serving.repository.versions import VersionsError, staged
from training.errors import TrainingError
from training.publishing.model_folder import GRAPH_BYTES
from training.publishing.published_model import in_batches
from training.publishing.saved_model import write_classifier, write_saved_model
from training.publishing.saved_model_check import check_saved_model
from training.publishing.training_photos import VERSION_TRAINING_PHOTOS
from training.trust.calibrate_and_evaluate import Predictor
from training.trust.recognition_threshold import Recognizer

_GRAPH = "graph"


def publish(
    network: keras.Model,
    card: dict[str, Any],
    base: Path,
    recognizer: Recognizer | None = None,
    training_photos: np.ndarray | None = None,
    expected: object = None,
    report: str | None = None,
) -> int:
    """Publish a network as the next version, and return its number.

    Args:
        network: from uint8 pixels to probabilities, float32.
        card: from `training.publishing.card`.
        base: the model's folder; made if missing.
        recognizer: of the same network, if the model is to output `recognized`.
        training_photos: digests to keep with it (`training.publishing.training_photos`).
        expected: the `model_state` that it was judged against; None: any.
        report: of its training, a self-contained HTML page to keep with it.

    Raises:
        TrainingError: the exported model differs from the network, or the folder cannot be written.
            Nothing has been published then.
        ModelChanged: the state of the model is another one now; likewise.
    """
    weights = sum(int(np.prod(weight.shape)) for weight in network.weights) * 4
    try:
        with staged(base, needed_bytes=weights + GRAPH_BYTES) as staging:
            with _explained("not published: cannot write the model"):
                write_saved_model(network, card, staging.folder, recognizer, report)
                if training_photos is not None:
                    np.save(staging.folder / VERSION_TRAINING_PHOTOS, training_photos)
            with _explained("not published: cannot read the model back"):
                check_saved_model(network, card, staging.folder, recognizer, report)
            return staging.publish(expected=expected)
    except ModelChanged:
        raise
    except VersionsError as error:
        raise TrainingError(f"not published: {error}") from error


@contextmanager
def as_served(
    network: keras.Model, recognizer: Recognizer | None, run: Path
) -> Iterator[Predictor]:
    """Provide the outputs of what `publish` will write, loaded as a model server does it.

    Raises:
        TrainingError: the run's folder, in which it is written for the time being, can't be.
    """
    folder = run / _GRAPH
    shutil.rmtree(folder, ignore_errors=True)  # Of a process that was killed.
    try:
        with _explained(f"cannot write {folder}, to evaluate what will be published"):
            write_classifier(network, folder, recognizer)
            loaded = tf.saved_model.load(str(folder))
        yield partial(in_batches, loaded.signatures["serving_default"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _explained(failure: str) -> Iterator[None]:
    try:
        yield
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "message", str(error))
        raise TrainingError(f"{failure} ({reason})") from error
