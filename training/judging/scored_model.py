"""What scoring and classifying need of a model: a published version, or the network of a run."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from training.data.datasets import Photos


class ScoredModel(Protocol):
    """A model that predicts photos; `PublishedModel` describes its attributes."""

    @property
    def name(self) -> str:
        """Of the model; of a run, the recipe's."""

    @property
    def version(self) -> int | str:
        """Its number; the name of a run's folder."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of its input."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Class names, in the order of its output."""

    @property
    def preparation(self) -> str:
        """How photos become pixels."""

    @property
    def card(self) -> dict[str, Any]:
        """The model card; may be empty."""

    @property
    def training_photos(self) -> np.ndarray | None:
        """Digests of the photos that it was trained on; None if it has none."""

    def predict(self, photos: Photos) -> Mapping[str, np.ndarray]:
        """Return `probabilities`, and maybe `recognized`, of photos `[photos, …]` (uint8)."""
