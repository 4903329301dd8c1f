import numpy as np
import pytest

from training.metrics.intervals import accuracy_interval, paired_difference


def paired(both: int, gained: int, lost: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Return which photos a new and an old model get right, from the count of each kind."""
    kinds = ((True, True), (True, False), (False, True), (False, False))
    pairs = np.repeat(kinds, (both, gained, lost, neither), axis=0)
    return pairs[:, 0], pairs[:, 1]


def test_the_interval_of_an_accuracy_is_wilsons() -> None:
    # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
    assert accuracy_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert accuracy_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)


def test_a_paired_difference_is_newcombes_published_example() -> None:
    # Statistics in Medicine 17 (1998) 2635-2650: 36, 12, 2 and 0 pairs.
    difference = paired_difference(*paired(36, 12, 2, 0))

    assert (difference.photos, difference.gained, difference.lost) == (50, 12, 2)
    assert difference.estimate == pytest.approx(0.2)
    assert (difference.low, difference.high) == pytest.approx((0.0569, 0.3404), abs=5e-5)


def test_a_correlation_is_corrected_for_continuity() -> None:
    # Computed separately from the formulas of the same paper: phi is (48 - 9) / sqrt(8316).
    difference = paired_difference(*paired(10, 2, 1, 5))

    assert (difference.low, difference.high) == pytest.approx((-0.15046, 0.25428), abs=5e-6)


def test_swapping_the_models_negates_the_interval() -> None:
    new, old = paired(700, 60, 20, 220)
    one, other = paired_difference(new, old), paired_difference(old, new)

    assert 0 < one.low < one.estimate < one.high
    assert (-one.high, -one.low) == pytest.approx((other.low, other.high))


def test_models_that_mostly_agree_have_a_narrower_interval() -> None:
    alike = paired_difference(*paired(8900, 60, 40, 1000))
    unlike = paired_difference(*paired(8000, 960, 940, 100))

    assert alike.estimate == pytest.approx(unlike.estimate)
    assert alike.high - alike.low < (unlike.high - unlike.low) / 3


@pytest.mark.parametrize("kind", range(4))
def test_photos_that_are_all_of_one_kind_have_an_interval(kind: int) -> None:
    counts = [0, 0, 0, 0]
    counts[kind] = 5
    difference = paired_difference(*paired(*counts))

    assert -1 <= difference.low <= difference.estimate <= difference.high <= 1
