"""A model that classifies photos in this process, without a server."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from serving.photos import Shape
from training.judging.scored_model import ScoredModel
from training.python_api.photos import Photo, photo_names, photos_in, prepared

_COLUMNS = ("label", "probability", "recognized")


class LoadedModel:
    """A published version, or the network of a run.

    Attributes:
        name: of the model; of a run, the recipe's.
        version: its number; the name of a run's folder.
        labels: class names, in the order of the probabilities.
        shape: height, width and channels of its input.
        preparation: how photos become pixels, such as `squash/1`.
        card: the model card (`docs/contracts.md`).
        model: what predicts, from prepared pixels: `model.predict(pixels)`.
    """

    def __init__(self, model: ScoredModel) -> None:
        self.model = model
        self.name, self.version, self.labels = model.name, model.version, model.labels
        self.shape: Shape = model.shape
        self.preparation = model.preparation
        self.card: dict[str, Any] = model.card

    def classify(self, photos: Photo | Iterable[Photo]) -> pd.DataFrame:
        """Classify photos, prepared as the gateway prepares them.

        Args:
            photos: one photo or several; a photo is the path of its file, the bytes of its file,
                an image of Pillow, or an array: uint8 `[height, width]` or `[height, width,
                channels]` with 1 (gray), 3 (RGB) or 4 channels. An array `[photos, height, width,
                channels]` is several.

        Returns:
            A row for each photo, by its path or its position (`photo`). Columns: `label`, the most
            probable class; `probability` of that (0 to 1); `recognized` (boolean), whether the
            photo resembles those that the model was trained on, missing if the model does not tell;
            and the probability of each class in the column with its name, or `probability of …` for
            a class with the name of another column.

        Raises:
            UsageError: a photo can't be read, or is damaged.
        """
        given = photos_in(photos)
        outputs = self._predict(given)
        found = outputs["probabilities"]
        index = pd.Index(photo_names(given), name="photo", dtype=object)
        best = found.argmax(axis=1)
        recognized: Sequence[Any] = outputs.get("recognized", [pd.NA] * len(given))
        columns = {
            "label": np.array(self.labels, dtype=object)[best],
            "probability": found.max(axis=1).astype(np.float64),
            "recognized": pd.array(list(recognized), dtype="boolean"),
        }
        for number, label in enumerate(self.labels):
            name = f"probability of {label}" if label in _COLUMNS else label
            columns[name] = found[:, number].astype(np.float64)
        return pd.DataFrame(columns, index=index)

    def _predict(self, photos: list[Photo]) -> dict[str, Any]:
        if not photos:
            return {"probabilities": np.zeros((0, len(self.labels)), np.float32)}
        return dict(self.model.predict(prepared(photos, self.preparation, self.shape)))

    def __repr__(self) -> str:
        """Return the name, the version and the labels."""
        return f"<LoadedModel {self.name}/{self.version}: {', '.join(self.labels)}>"
