"""Whether a photo resembles the training data: a score, and the threshold it has to reach.

The threshold is chosen by split conformal prediction from the scores of the validation photos, so
that on average at least 95% of new photos like them are recognized (`conformal_threshold`). Without
validation photos, training photos that the score was not fitted to are used instead; since the
network was fitted to them, fewer than 95% of new photos are then recognized.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import keras
import numpy as np
from keras import ops

from training.data.datasets import Rows, Split
from training.settings import Tensor
from training.trust.activations import (
    Activations,
    activation_model,
    compute_activations,
    joined,
)
from training.trust.distance_temperature import DistanceTemperature
from training.trust.ood_scores import (
    DISTANCES,
    TRAINED_REJECTION,
    Score,
    all_scores,
    trained_rejection,
    values_of,
)

RECOGNIZED_SHARE = 0.95
"""Share of the known photos that is recognized, at least."""

_ONE_IN = 20  # 1 / (1 - RECOGNIZED_SHARE), as a whole number: ranks must not depend on rounding.

VALIDATION = "validation"
"""The value of `threshold_from` with which a share of recognized photos is guaranteed."""

NONE = "none"
"""The value of a recipe's `recognition` that disables recognition."""

MAX_PHOTOS = 5_000
"""Training photos that scores are fitted to at most; also those used instead of validation."""

EXAMPLES = 8
"""Photos with which a published graph is compared with the network in memory."""

_SEED = 0
_HELD_OUT = 0.2  # Share of the training photos that is used instead of validation.


@dataclass(frozen=True)
class Recognizer:
    """A score with its threshold, for photos of one network.

    Attributes:
        activations: the network's `activation_model`, from photos, with calibrated probabilities.
        score: the score of a photo.
        threshold: the lowest score of a photo that is recognized.
        examples: known photos, uint8 `[EXAMPLES, height, width, channels]` or fewer.
        by_distance: what computes the probabilities; None: the network itself.
    """

    activations: keras.Model
    score: Score
    threshold: float
    examples: np.ndarray
    by_distance: DistanceTemperature | None = None

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        """Return `probabilities`, float32 `[batch, classes]`, and `recognized`, bool `[batch]`."""
        tensors = self.activations(image, training=False)
        return {
            "probabilities": tensors["probabilities"],
            "recognized": ops.greater_equal(self.score(tensors), self.threshold),
        }

    def recognized(self, activations: Activations) -> np.ndarray:
        """Return whether each of the photos with these activations is, bool `[photos]`."""
        return self.values(activations) >= self.threshold

    def values(self, activations: Activations) -> np.ndarray:
        """Return the score of each of the photos with these activations, float32 `[photos]`."""
        return values_of(self.score, activations)

    def margins(self, photos: np.ndarray) -> np.ndarray:
        """Return how far each photo's score is above the threshold, float32 `[photos]`."""
        tensors = self.activations(photos, training=False)
        return np.asarray(ops.convert_to_numpy(self.score(tensors))) - self.threshold


def recognizer_of(
    network: keras.Model,
    score: Score,
    threshold: float,
    examples: np.ndarray,
    by_distance: DistanceTemperature | None,
) -> Recognizer:
    """Return the recognizer of a network that is calibrated with one temperature.

    The other arguments are attributes of `Recognizer`.
    """
    activations = activation_model(network)
    if by_distance:
        activations = by_distance.model(activations)
    return Recognizer(activations, score, threshold, examples, by_distance)


@dataclass(frozen=True)
class FittedScores:
    """All scores of one network, each with its threshold.

    Attributes:
        scores: by name.
        thresholds: by name.
        fitted_to: number of training photos that the scores were fitted to.
        threshold_from: `validation` or `training`: the photos that gave the thresholds.
        weights: float64 `[photos]`, how much each of these counts.
        from_data_set: the distance from the data set's photos alone, without own ones.
    """

    scores: Mapping[str, Score]
    thresholds: Mapping[str, float]
    fitted_to: int
    threshold_from: str
    weights: np.ndarray
    from_data_set: Score

    @property
    def guaranteed(self) -> float | None:
        """The share of new photos that is recognized on average, at least; None if unknown."""
        known = self.threshold_from == VALIDATION
        return guaranteed_share(float(self.weights.sum())) if known else None

    def with_thresholds(self, validation: Activations) -> "FittedScores":
        """Return the same scores with thresholds from other activations of validation photos."""
        found = self.values(validation).items()
        thresholds = {name: conformal_threshold(values, self.weights) for name, values in found}
        return replace(self, thresholds=thresholds)

    def chosen(self, recognition: str) -> str:
        """Return the name of the score to use: a recipe's `recognition`, or what replaces it."""
        replaced = recognition in DISTANCES and TRAINED_REJECTION in self.scores
        return TRAINED_REJECTION if replaced else recognition

    def values(self, activations: Activations) -> dict[str, np.ndarray]:
        """Return the value of each score for photos, float32 `[photos]`."""
        return {name: values_of(score, activations) for name, score in self.scores.items()}

    def recognized(self, activations: Activations) -> dict[str, float]:
        """Return the share of photos that each score recognizes."""
        return {
            name: float((values >= self.thresholds[name]).mean())
            for name, values in self.values(activations).items()
        }


def fit_scores(
    network: keras.Model,
    model: keras.Model,
    training: Split,
    validation: Activations | None,
    own: Split | None = None,
    others: Split | None = None,
    weights: np.ndarray | None = None,
) -> FittedScores:
    """Fit all scores of a calibrated network to a sample of its training photos, with thresholds.

    Args:
        network: calibrated.
        model: its `activation_model`, from photos, or from the features of the splits.
        training: the data set's training photos.
        validation: of the validation photos, own ones among them; None if there are none.
        own: a user's own training photos of the classes.
        others: training photos of none of the classes.
        weights: of the validation photos, float64 `[photos]`; None: all the same.
    """
    fitted, held_out = _sampled(len(training), hold_out=validation is None)
    known = [compute_activations(model, Rows(training.inputs, fitted))]
    classes = [training.classes[fitted]]
    if own:
        chosen, _ = _sampled(len(own), hold_out=False)
        known.append(compute_activations(model, Rows(own.inputs, chosen)))
        classes.append(own.classes[chosen])
    threshold_from = VALIDATION
    if validation is None:
        threshold_from = "training"
        validation = compute_activations(model, Rows(training.inputs, held_out))
    if weights is None:
        weights = np.ones(len(validation.probabilities))
    scores = dict(all_scores(network, joined(known), np.concatenate(classes)))
    from_data_set = scores["distance"]
    if own:
        from_data_set = all_scores(network, known[0], classes[0])["distance"]
    if others:
        chosen, _ = _sampled(len(others), hold_out=False)
        unknown = compute_activations(model, Rows(others.inputs, chosen))
        scores[TRAINED_REJECTION] = trained_rejection(scores, known, unknown, validation)
    fitted_to = sum(map(len, classes))
    found = FittedScores(scores, {}, fitted_to, threshold_from, weights, from_data_set)
    return found.with_thresholds(validation)


def conformal_threshold(values: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Return the k-th smallest of n scores, k = floor((n + 1) · 5%): split conformal prediction.

    Of new photos like those that have these scores, on average 1 - k / (n + 1) reach it, whatever
    the distribution of the scores, and more only if scores are equal. With fewer than 19 photos no
    finite threshold guarantees 95% (k is 0); then it is the lowest score. Where weights say how
    frequent each kind of photo is among new ones, k is the largest one for which the k smallest
    scores weigh no more than 5% of all and one more.

    Sources: Vovk et al., Algorithmic Learning in a Random World, 2005; Lei et al., 2018,
    https://arxiv.org/abs/1604.04173; Angelopoulos and Bates, 2021, https://arxiv.org/abs/2107.07511;
    with weights: Tibshirani et al., 2019, https://arxiv.org/abs/1904.06019.

    Args:
        values: `[photos]`, at least one, of photos that neither network nor score was fitted to.
        weights: of the photos, `[photos]`; None: 1 for each.
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(np.ones(len(values)) if weights is None else weights[order])
    rank = int((reached * _ONE_IN <= reached[-1] + 1).sum())
    return float(values[order][max(1, rank) - 1])


def guaranteed_share(photos: float) -> float:
    """Return the share of new photos that a `conformal_threshold` of so many photos guarantees.

    With weights, that is the sum of these.
    """
    return 1 - max(1, (photos + 1) // _ONE_IN) / (photos + 1)


def _sampled(photos: int, *, hold_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Choose the photos that scores are fitted to, and others to use instead of validation."""
    order = np.random.default_rng(_SEED).permutation(photos)
    held_out = min(MAX_PHOTOS, max(1, int(photos * _HELD_OUT))) if hold_out else 0
    return np.sort(order[held_out : held_out + MAX_PHOTOS]), np.sort(order[:held_out])
