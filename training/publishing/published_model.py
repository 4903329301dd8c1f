"""A published model, loaded and called as a model server does it: through its signatures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from training.data.datasets import Photos
from training.errors import TrainingError
from training.publishing.training_photos import read_training_photos

_BATCH = 64  # Of photos; the feature maps of a large network take gigabytes for more.


class PublishedModel:
    """One version of a model.

    Attributes:
        name: of the model.
        version: its number.
        shape: height, width and channels of its input.
        labels: class names, in the order of its output.
        preparation: how photos become pixels, a name in `serving.photos.preparation`.
        card: the model card; may be empty if the model was made elsewhere.
        recognizes: whether it outputs `recognized`.
        training_photos: digests of the photos that it was trained on; None if it has none
            (`training.publishing.training_photos`).
    """

    def __init__(self, folder: Path) -> None:
        """Load `models/<name>/<version>`.

        Raises:
            TrainingError: it is not a SavedModel that keeps contract 1.
        """
        self.name, self.version = folder.parent.name, int(folder.name)
        self.training_photos = read_training_photos(folder)
        try:
            # Kept: the signatures alone do not keep the weights alive.
            self._loaded = tf.saved_model.load(str(folder))
            self._classify = self._loaded.signatures["serving_default"]
            self.recognizes = "recognized" in self._classify.structured_outputs
            image = self._classify.structured_input_signature[1]["image"]
            self.shape: tuple[int, int, int] = tuple(image.shape.as_list()[1:])
            blank = tf.zeros((1, *self.shape), tf.uint8)
            description = self._loaded.signatures["describe"](image=blank)
            self.labels = tuple(label.decode() for label in description["labels"].numpy()[0])
            self.preparation: str = description["preparation"].numpy()[0].decode()
            self.card: dict[str, Any] = json.loads(description["card"].numpy()[0])
        except Exception as error:  # TensorFlow raises many types on damaged files.
            reason = str(error).partition("\n")[0]
            raise TrainingError(f"cannot read a model from {folder} ({reason})") from error

    def probabilities(self, photos: Photos) -> np.ndarray:
        """Return the probabilities of all classes, float32 `[photos, classes]`.

        Here and below, photos are uint8 `[photos, height, width, channels]` with the model's shape.
        """
        return self.predict(photos)["probabilities"]

    def predict(self, photos: Photos) -> dict[str, np.ndarray]:
        """Return all outputs of `serving_default`: `probabilities`, and maybe `recognized`."""
        return in_batches(self._classify, photos)

    def heat(self, photos: Photos) -> np.ndarray:
        """Return heat maps of the predicted class, float32 `[photos, rows, columns]`.

        Raises:
            TrainingError: the model was published without heat maps.
        """
        explain = self._loaded.signatures.get("explain")
        if explain is None:
            raise TrainingError(
                f"{self.name}, version {self.version}, has no signature explain: publish it again"
            )
        return in_batches(explain, photos)["heat"]


def in_batches(signature: Any, photos: Photos) -> dict[str, np.ndarray]:
    """Return the outputs of a loaded signature for at least one photo, `[photos, …]` each."""
    starts = range(0, len(photos), _BATCH)
    batches = (tf.constant(np.asarray(photos[start : start + _BATCH])) for start in starts)
    outputs = [signature(image=batch) for batch in batches]
    return {name: np.concatenate([each[name].numpy() for each in outputs]) for name in outputs[0]}
