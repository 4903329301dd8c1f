"""The distance in a backbone's features, with few photos and many features."""

import numpy as np
import pytest
from keras import ops

from training.trust import feature_scores
from training.trust.activations import Activations
from training.trust.feature_scores import feature_distance, ledoit_wolf
from training.trust.ood_metrics import auroc
from training.trust.ood_scores import Score, restored_score, score_arrays

FEATURES = 40
HIDDEN = 7
"""Further layer outputs behind the features, which the score must not see."""


def photos_of(kinds: np.ndarray, seed: int) -> np.ndarray:
    """Return features that vary in ten directions, and two classes 0 and 1 far from a kind 2."""
    shared = np.random.default_rng(0)
    mixing, centres = shared.normal(size=(10, FEATURES)), shared.normal(size=(3, FEATURES))
    random = np.random.default_rng(seed)
    return np.asarray(centres[kinds] + random.normal(size=(len(kinds), 10)) @ mixing, np.float32)


def activations(features: np.ndarray, seed: int = 9) -> Activations:
    noise = np.random.default_rng(seed).normal(size=(len(features), HIDDEN)) * 100
    nothing = np.zeros((len(features), 2), np.float32)
    return Activations(np.hstack([features, noise]).astype(np.float32), nothing, nothing)


def fitted(photos: int) -> Score:
    kinds = np.arange(photos) % 2
    arrays = feature_distance(activations(photos_of(kinds, 1)), kinds, FEATURES)
    return restored_score("feature-distance", arrays)


def values(score: Score, features: np.ndarray) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(score(activations(features, seed=3).tensors)))


def test_it_is_the_mahalanobis_distance_to_the_nearest_class() -> None:
    kinds = np.arange(30) % 2
    training, photos = photos_of(kinds, 1), photos_of(np.arange(9) % 3, 2)
    means = np.stack([training[kinds == kind].mean(axis=0) for kind in (0, 1)])
    inverse = np.linalg.inv(ledoit_wolf((training - means[kinds]).astype(np.float64)))
    differences = photos[:, None] - means
    squares = np.einsum("pcf,fg,pcg->pc", differences, inverse, differences).min(axis=1)

    np.testing.assert_allclose(values(fitted(30), photos), -np.sqrt(squares), rtol=0.02)


@pytest.mark.parametrize("directions", [256, 12])
@pytest.mark.parametrize("photos", [6, 30, 300])
def test_unknown_photos_score_lower_with_fewer_photos_than_features_too(
    photos: int, directions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_scores, "_DIRECTIONS", directions)

    score = fitted(photos)

    known = values(score, photos_of(np.arange(100) % 2, 4))
    unknown = values(score, photos_of(np.full(100, 2), 5))
    assert auroc(known, unknown) > (0.8 if photos > 6 else 0.5)


def test_it_is_restored_from_its_numbers_and_small() -> None:
    score = fitted(30)
    arrays = score_arrays(score)

    again = restored_score("feature-distance", arrays)

    photos = photos_of(np.arange(9) % 3, 2)
    assert (values(score, photos) == values(again, photos)).all()
    assert arrays["directions"].dtype == np.float16


def test_the_shrunk_covariance_is_that_of_the_paper() -> None:
    """Two equal halves of the sample: computed by the formulas of Ledoit and Wolf by hand."""
    rows = np.array([[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    # S = diag(2, 0.5), m = 1.25, d² = 1.125 / 2; b² is their mean squared distance from S, / 4.
    noise = np.mean([4 + 0.25, 4 + 0.25, 4 + 0.25, 4 + 0.25]) / 2 / 4
    share = noise / (1.125 / 2)

    np.testing.assert_allclose(
        ledoit_wolf(rows), (1 - share) * np.diag([2, 0.5]) + share * 1.25 * np.eye(2)
    )


def test_photos_that_are_all_alike_give_finite_scores() -> None:
    alike = np.ones((6, FEATURES), np.float32)
    arrays = feature_distance(activations(alike), np.arange(6) % 2, FEATURES)

    score = restored_score("feature-distance", arrays)

    assert np.isfinite(values(score, photos_of(np.arange(9) % 3, 2))).all()
