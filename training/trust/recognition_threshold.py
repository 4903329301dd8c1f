"""Whether a photo shows something of the kind that a network was trained on: a score, a threshold.

The threshold is such that 95% of the validation photos are recognized. Where a data set has none,
training photos that the score did not learn from stand in for them: it then recognizes fewer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import keras
import numpy as np
from keras import ops

from training.data.datasets import Photos, Split
from training.settings import Tensor
from training.trust.activations import Observed, observe
from training.trust.ood_scores import Score, all_scores

RECOGNIZED = 0.95
"""Part of the photos of the known kind that is recognized."""

NONE = "none"
"""What a recipe's number `recognition` says where photos are not to be told apart."""

MOST_PHOTOS = 5_000
"""Training photos that scores learn from; and as many at most that stand in for validation."""

EXAMPLES = 8
"""Photos by which a published graph is compared with the network in memory."""

_SEED = 0
_STAND_IN = 0.2  # Of few training photos, where there are none for validation.


@dataclass(frozen=True)
class Recognizer:
    """A score with its threshold, for photos of one network.

    Attributes:
        inside: of `training.trust.activations`, from photos.
        score: what is compared.
        threshold: the least score of what is recognized.
        examples: photos of the known kind, uint8 `[EXAMPLES, height, width, channels]` or fewer.
    """

    inside: keras.Model
    score: Score
    threshold: float
    examples: np.ndarray

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """Return `probabilities`, float32 `[batch, classes]`, and `recognized`, bool `[batch]`."""
        seen = self.inside(image, training=False)
        return {
            "probabilities": seen["probabilities"],
            "recognized": ops.greater_equal(self.score(seen), self.threshold),
        }

    def distances(self, photos: np.ndarray) -> np.ndarray:
        """Return how far above the threshold each photo's score is, float32 `[photos]`."""
        seen = self.inside(photos, training=False)
        return np.asarray(ops.convert_to_numpy(self.score(seen))) - self.threshold


@dataclass(frozen=True)
class Scores:
    """All scores of one network, each with the threshold that it would have.

    Attributes:
        of: by name.
        thresholds: by name.
        learnt_from: training photos.
        set_by: `validation` or `training`: the photos that gave the thresholds.
    """

    of: Mapping[str, Score]
    thresholds: Mapping[str, float]
    learnt_from: int
    set_by: str

    def shares(self, observed: Observed) -> dict[str, float]:
        """Return by score which part of photos is recognized."""
        return {
            name: float((values(score, observed) >= self.thresholds[name]).mean())
            for name, score in self.of.items()
        }


def learnt_scores(
    network: keras.Model, inside: keras.Model, training: Split, watched: Observed | None
) -> Scores:
    """Make all scores of a network.

    Args:
        network: the calibrated one.
        inside: its `insides`, of photos or of the features that the split has.
        training: what it was fitted to; a sample of it is looked at.
        watched: what it found out about the validation photos; None: there are none.
    """
    learnt, rest = _sampled(len(training), stand_in=watched is None)
    seen = observe(inside, _Chosen(training.inputs, learnt))
    judged = observe(inside, _Chosen(training.inputs, rest)) if watched is None else watched
    scores = all_scores(network, seen, training.classes[learnt])
    thresholds = {
        name: float(np.quantile(values(score, judged), 1 - RECOGNIZED))
        for name, score in scores.items()
    }
    return Scores(scores, thresholds, len(learnt), "training" if watched is None else "validation")


def values(score: Score, observed: Observed) -> np.ndarray:
    """Return the scores of photos, float32 `[photos]`."""
    return np.asarray(ops.convert_to_numpy(score(observed.seen)))


def _sampled(photos: int, *, stand_in: bool) -> tuple[np.ndarray, np.ndarray]:
    """Choose the photos that scores learn from, and others that stand in for validation."""
    order = np.random.default_rng(_SEED).permutation(photos)
    others = min(MOST_PHOTOS, max(1, int(photos * _STAND_IN))) if stand_in else 0
    return np.sort(order[others : others + MOST_PHOTOS]), np.sort(order[:others])


class _Chosen:
    """Some photos of a split, read as they are asked for."""

    def __init__(self, photos: Photos, chosen: np.ndarray) -> None:
        self._photos, self._chosen = photos, chosen
        self.shape = (len(chosen), *photos.shape[1:])

    def __len__(self) -> int:
        return len(self._chosen)

    def __getitem__(self, part: slice) -> np.ndarray:
        return np.asarray(self._photos[self._chosen[part]])
