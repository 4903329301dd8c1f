"""Recognition that has learnt from photos of none of the classes."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.trust.test_recognition_threshold import (
    KINDS,
    KNOWN,
    MODEL,
    NETWORK,
    SIDE,
    TRAINING,
    VALIDATION,
    photos_of,
)
from training.data.datasets import Split
from training.trust.activations import compute_activations
from training.trust.ood_metrics import auroc
from training.trust.ood_scores import TRAINED_REJECTION
from training.trust.recognition_threshold import FittedScores, Recognizer, fit_scores
from training.trust.saved_recognizer import load_recognizer, save_recognizer
from training.trust.trained_rejection import fit_regression, scaled_to


def faint(kinds: np.ndarray, seed: int) -> np.ndarray:
    """Return photos of known kinds with a faint third kind on them: hard to reject."""
    stripes = np.zeros((SIDE, SIDE, 1), np.uint8)
    stripes[:, ::2] = 30
    return photos_of(kinds, seed) + stripes


OTHERS = Split(faint(KINDS[:80], 6), np.full(80, 2))
SCORES = fit_scores(NETWORK, MODEL, TRAINING, VALIDATION, others=OTHERS)
HELD_OUT = compute_activations(MODEL, faint(KINDS, 7))


def shares(scores: FittedScores) -> dict[str, float]:
    return scores.recognized(HELD_OUT)


def test_it_rejects_photos_like_the_others_better_than_the_distance_does() -> None:
    values = SCORES.values(HELD_OUT)
    known = SCORES.values(compute_activations(MODEL, KNOWN))

    areas = {name: auroc(known[name], values[name]) for name in values}
    assert areas[TRAINED_REJECTION] > areas["distance"] + 0.02
    assert shares(SCORES)[TRAINED_REJECTION] < shares(SCORES)["distance"]
    assert SCORES.recognized(VALIDATION)[TRAINED_REJECTION] == pytest.approx(0.95, abs=0.01)


def test_what_resembles_neither_is_as_far_as_before() -> None:
    noise = np.random.default_rng(8).integers(0, 256, (200, SIDE, SIDE, 1), np.uint8)

    recognized = SCORES.recognized(compute_activations(MODEL, noise))

    assert recognized[TRAINED_REJECTION] <= recognized["distance"] + 0.02


def test_it_replaces_distances_alone() -> None:
    assert SCORES.chosen("distance") == SCORES.chosen("feature-distance") == TRAINED_REJECTION
    assert SCORES.chosen("energy") == "energy"
    assert fit_scores(NETWORK, MODEL, TRAINING, VALIDATION).chosen("distance") == "distance"


def test_it_is_kept_with_the_run(tmp_path: Path) -> None:
    threshold = SCORES.thresholds[TRAINED_REJECTION]
    recognizer = Recognizer(MODEL, SCORES.scores[TRAINED_REJECTION], threshold, KNOWN[:4])

    save_recognizer(recognizer, tmp_path)
    recognition = {"score": TRAINED_REJECTION, "threshold": threshold}
    again = load_recognizer(tmp_path, NETWORK, {"calibration": {}, "recognition": recognition})

    assert again
    np.testing.assert_array_equal(again.values(HELD_OUT), recognizer.values(HELD_OUT))


def test_own_photos_are_known_too() -> None:
    """Photos of the classes that the distance knows only if it is fitted to them."""
    own = Split(faint(KINDS, 10), KINDS)

    with_own = fit_scores(NETWORK, MODEL, TRAINING, VALIDATION, own=own)

    assert shares(with_own)["distance"] > shares(SCORES)["distance"]
    assert with_own.fitted_to == 2 * len(TRAINING)


def test_each_source_of_known_photos_counts_equally() -> None:
    """Few own photos beside many: the border lies between them and the others."""
    random = np.random.default_rng(0)
    many, few, others = (
        random.normal(mean, 0.3, (count, 3))
        for mean, count in (([3, 0, 0], 2000), ([0, 3, 0], 20), ([0, 0, 0], 40))
    )

    weights, bias = fit_regression([many, few], others)

    assert (many @ weights + bias > 0).mean() > 0.99
    assert (few @ weights + bias > 0).mean() > 0.9
    assert (others @ weights + bias < 0).mean() > 0.9


def test_logits_get_the_spread_of_the_distances_and_lie_one_spread_above_zero() -> None:
    random = np.random.default_rng(0)
    inputs, weights = random.normal(size=(100, 3)), np.array([1.0, 2.0, 3.0])
    distances = random.normal(size=100) * 7

    scaled, bias = scaled_to(distances, inputs @ weights + 4, weights, np.array(4.0))

    logits = inputs @ scaled + bias
    assert logits.mean() == pytest.approx(distances.std())
    assert logits.std() == pytest.approx(distances.std())
