"""How good the answers are, and how much worse than those for the clean photos."""

from dataclasses import dataclass

import numpy as np

from benchmarks.photos.posting import Answers
from training.metrics.intervals import Difference, accuracy_interval, paired_difference


@dataclass(frozen=True)
class Score:
    """The answers for one kind of photos.

    Attributes:
        name: of the kind.
        right: bool `[photos]`, whether the most probable class is the right one.
        confidence: mean probability of the most probable class.
        recognized: share of the photos recognized; None where the model does not tell.
        against: compared with the clean photos; None for these.
    """

    name: str
    right: np.ndarray
    confidence: float
    recognized: float | None
    against: Difference | None = None

    @property
    def accuracy(self) -> float:
        """Share of the photos that are classified rightly."""
        return float(self.right.mean())

    def figures(self) -> dict[str, object]:
        """Return values that JSON holds; differences and intervals are fractions."""
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


def score(name: str, answers: Answers, classes: np.ndarray, clean: Score | None = None) -> Score:
    """Score answers.

    Args:
        name: of the kind of photos.
        answers: for them.
        classes: int64 `[photos]`, the right ones; -1 if none is.
        clean: the score of the same photos, clean.
    """
    right = answers.probabilities.argmax(axis=1) == classes
    return Score(
        name,
        right,
        float(answers.probabilities.max(axis=1).mean()),
        None if answers.recognized is None else float(answers.recognized.mean()),
        paired_difference(right, clean.right) if clean else None,
    )
