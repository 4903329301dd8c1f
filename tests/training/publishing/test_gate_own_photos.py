"""The publishing gate and own photos: few and noisy, so only a clear loss is refused."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.signals import LETTERS, data_set, evaluation, published
from training.data.datasets import Addition, DataSet
from training.errors import Refused
from training.publishing.comparison import Candidate
from training.publishing.gate import judge
from training.publishing.gate_policy import GatePolicy
from training.publishing.training_photos import training_digests
from training.publishing.verdict import Verdict

RIGHT = 900  # Test photos of 1,000 that the serving version gets right.


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "models" / "letters"
    published(folder)
    return folder


def with_own(photos: int, right: int) -> tuple[DataSet, np.ndarray]:
    """Return data whose own test photos the serving version gets right, all but some."""
    data, other = data_set(RIGHT, 1000 - RIGHT), data_set(right, photos - right)
    own = Addition("mine", "digest", other.training, other.validation, other.test)
    return replace(data, own=own), np.arange(photos)


def verdict(base: Path, photos: int, before: int, after: int, tolerance: float = 0) -> Verdict:
    """Judge a model that gets `after` of the own photos right, where the version gets `before`."""
    data, numbers = with_own(photos, before)
    assert data.own
    right = np.arange(1000) < RIGHT
    own = evaluation(replace(data, test=data.own.test), numbers < after)
    candidate = Candidate(LETTERS, data, evaluation(data, right), training_digests(data), own=own)
    return judge(candidate, base, GatePolicy(tolerance))


def test_a_clear_loss_on_own_photos_is_refused(base: Path) -> None:
    with pytest.raises(Refused, match=r"version 1, which serves, on own photos: -20\.00 points"):
        verdict(base, photos=100, before=90, after=70).check()

    verdict(base, photos=100, before=90, after=70, tolerance=20).check()


def test_a_loss_on_own_photos_that_may_be_chance_is_only_said(base: Path) -> None:
    found = verdict(base, photos=100, before=90, after=89)
    found.check()

    assert found.own_accuracy == 0.89
    assert found.own_photos == 100
    assert "against version 1 on own photos: -1.00 points of accuracy on 100 that" in "".join(
        found.lines()
    )


def test_fewer_than_20_own_photos_are_not_compared(base: Path) -> None:
    found = verdict(base, photos=19, before=19, after=0)
    found.check()

    assert found.own_difference is None
    assert found.lines()[-1] == (
        "not compared with version 1 on own photos: 19 photos are too few, and at least 20 are"
        " needed"
    )
