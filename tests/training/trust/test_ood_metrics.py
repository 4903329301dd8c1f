"""The metrics of separating unknown photos from known ones."""

import numpy as np
import pytest

from training.trust.ood_metrics import auroc, ood_metrics


def test_auroc_is_the_share_of_pairs_in_order() -> None:
    assert auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert auroc(np.array([0.0]), np.array([1.0, 2.0])) == 0
    assert auroc(np.array([1.0, 3.0]), np.array([2.0, 0.0])) == 0.75
    assert auroc(np.array([1.0]), np.array([1.0])) == 0.5


def test_unknown_photos_at_or_above_the_threshold_are_false_acceptances() -> None:
    known = {"energy": np.array([3.0, 4.0])}
    unknown = {"energy": np.array([1.0, 2.0, 3.0, 5.0])}

    found = ood_metrics(known, unknown, {"energy": 3.0})

    assert found["photos"] == 4
    assert found["scores"]["energy"]["false_acceptance"] == 0.5
    assert found["scores"]["energy"]["auroc"] == pytest.approx((2.5 + 3) / 8)
