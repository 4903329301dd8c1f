"""Publishing: a trained network becomes a numbered version, if it survives being read back.

It is written to a staging folder, checked there, and only then renamed into place.
"""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from serving.repository.versions import VersionsError, staged
from training.errors import TrainingError
from training.publishing.model_folder import GRAPH_BYTES
from training.publishing.saved_model import write_saved_model
from training.publishing.saved_model_check import check_saved_model
from training.trust.recognition_threshold import Recognizer


def publish(
    network: keras.Model, card: dict[str, Any], base: Path, recognizer: Recognizer | None = None
) -> int:
    """Publish a network as the next version, and return its number.

    Args:
        network: from uint8 pixels to probabilities, float32.
        card: from `training.publishing.card`.
        base: the model's folder; made if missing.
        recognizer: of the same network, if the model is to output `recognized`.

    Raises:
        TrainingError: the exported model differs from the network, or the folder cannot be written.
            Nothing has been published then.
    """
    weights = sum(int(np.prod(weight.shape)) for weight in network.weights) * 4
    try:
        with staged(base, needed_bytes=weights + GRAPH_BYTES) as staging:
            _write(network, card, staging.folder, recognizer)
            check_saved_model(network, card, staging.folder, recognizer)
            return staging.publish()
    except VersionsError as error:
        raise TrainingError(f"not published: {error}") from error


def _write(
    network: keras.Model, card: dict[str, Any], folder: Path, recognizer: Recognizer | None
) -> None:
    try:
        write_saved_model(network, card, folder, recognizer)
    except (OSError, tf.errors.OpError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "message", str(error))
        raise TrainingError(f"not published: cannot write the model ({reason})") from error
