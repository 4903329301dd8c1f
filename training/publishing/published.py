"""Published models, read back as a model server reads them: through their signatures."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from training.data.datasets import Photos
from training.errors import TrainingError

_BATCH = 256


class PublishedModel:
    """One version, loaded.

    Attributes:
        name: of the model.
        version: its number.
        shape: height, width and channels of its input.
        labels: class names, in the order of its output.
        preparation: the way from photo to pixels, as `serving.photos.preparation` names it.
        card: the model card; of a model made elsewhere, maybe an empty one.
        recognizes: whether it says which photos show something of the kind that it knows.
    """

    def __init__(self, folder: Path) -> None:
        """Load `models/<name>/<version>`.

        Raises:
            TrainingError: it is no SavedModel that keeps contract 1.
        """
        self.name, self.version = folder.parent.name, int(folder.name)
        try:
            # Kept: the signatures do not keep the weights alive.
            self._loaded = tf.saved_model.load(str(folder))
            self._classify = self._loaded.signatures["serving_default"]
            self.recognizes = "recognized" in self._classify.structured_outputs
            image = self._classify.structured_input_signature[1]["image"]
            self.shape: tuple[int, int, int] = tuple(image.shape.as_list()[1:])
            blank = tf.zeros((1, *self.shape), tf.uint8)
            told = self._loaded.signatures["describe"](image=blank)
            self.labels = tuple(label.decode() for label in told["labels"].numpy()[0])
            self.preparation: str = told["preparation"].numpy()[0].decode()
            self.card: dict[str, Any] = json.loads(told["card"].numpy()[0])
        except (OSError, KeyError, ValueError, TypeError, tf.errors.OpError) as error:
            reason = str(error).partition("\n")[0]
            raise TrainingError(f"{folder} is no model that can be read ({reason})") from error

    def probabilities(self, photos: Photos) -> np.ndarray:
        """Return what the model says.

        Args:
            photos: uint8 `[photos, height, width, channels]` of the model's shape.

        Returns:
            float32 `[photos, classes]`.
        """
        return self.answers(photos)["probabilities"]

    def answers(self, photos: Photos) -> dict[str, np.ndarray]:
        """Return all that `serving_default` says: `probabilities`, and `recognized` where it does.

        Args:
            photos: as for `probabilities`.
        """
        return self._of_batches(photos, self._classify)

    def heat(self, photos: Photos) -> np.ndarray:
        """Return where the evidence for the predicted class is.

        Args:
            photos: as for `probabilities`.

        Returns:
            float32 `[photos, rows, columns]`, from 0 to 1.

        Raises:
            TrainingError: the model was published without heat maps.
        """
        explain = self._loaded.signatures.get("explain")
        if explain is None:
            raise TrainingError(
                f"{self.name}, version {self.version}, has no signature explain: publish it again"
            )
        return self._of_batches(photos, explain)["heat"]

    def _of_batches(self, photos: Photos, signature: Any) -> dict[str, np.ndarray]:
        starts = range(0, len(photos), _BATCH)
        batches = (tf.constant(np.asarray(photos[start : start + _BATCH])) for start in starts)
        answers = [signature(image=batch) for batch in batches]
        return {
            name: np.concatenate([each[name].numpy() for each in answers]) for name in answers[0]
        }
