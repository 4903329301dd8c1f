"""Accuracy for each kind of photo, compared with the clean photos."""

from dataclasses import dataclass

import numpy as np

from benchmarks.photos.posting import Predictions
from training.metrics.intervals import Difference, accuracy_interval, paired_difference


@dataclass(frozen=True)
class Score:
    """The figures of one kind of photo.

    Attributes:
        name: of the kind of photo.
        right: bool `[photos]`, whether the most probable class is correct.
        confidence: mean probability of the most probable class.
        recognized: share of the photos recognized; None if the model does not report it.
        against: difference from the clean photos; None for the clean photos.
    """

    name: str
    right: np.ndarray
    confidence: float
    recognized: float | None
    against: Difference | None = None

    @property
    def accuracy(self) -> float:
        """Share of the photos classified correctly."""
        return float(self.right.mean())

    def figures(self) -> dict[str, object]:
        """Return the figures for JSON; differences and intervals are fractions."""
        difference = None
        if self.against:
            against = self.against
            difference = {"estimate": against.estimate, "interval": [against.low, against.high]}
        return {
            "photos": len(self.right),
            "accuracy": self.accuracy,
            "accuracy_interval": accuracy_interval(int(self.right.sum()), len(self.right)),
            "difference": difference,
            "confidence": self.confidence,
            "recognized": self.recognized,
        }


def score(
    name: str, predictions: Predictions, classes: np.ndarray, clean: Score | None = None
) -> Score:
    """Score predictions.

    Args:
        name: of the kind of photo.
        predictions: the gateway's.
        classes: int64 `[photos]`, the correct classes; -1 for none.
        clean: the score of the same photos, clean.
    """
    right = predictions.probabilities.argmax(axis=1) == classes
    return Score(
        name,
        right,
        float(predictions.probabilities.max(axis=1).mean()),
        None if predictions.recognized is None else float(predictions.recognized.mean()),
        paired_difference(right, clean.right) if clean else None,
    )
