import math

import numpy as np
import pytest

from training.judging.stability_index import stability_index


def test_the_index_matches_its_definition() -> None:
    reference, live = np.array([50.0, 30, 20]), np.array([200.0, 200, 100])
    shares = [(0.5, 0.4), (0.3, 0.4), (0.2, 0.2)]
    expected = sum((q - p) * math.log(q / p) for p, q in shares)
    assert stability_index(reference, live).value == pytest.approx(expected)
    assert stability_index(live, reference).value == pytest.approx(expected)


def test_equal_shares_give_0_for_any_counts() -> None:
    same = stability_index(np.array([70.0, 0, 30]), np.array([7000.0, 0, 3000]))
    assert same.value == 0
    assert not same.exceeds(0.1)
    assert same.meaning() == "no relevant change"


def test_a_bin_that_is_empty_on_one_side_gives_a_finite_index() -> None:
    moved = stability_index(np.array([100.0, 0]), np.array([0.0, 100]))
    assert math.isfinite(moved.value)
    assert moved.exceeds(1)
    only_one = stability_index(np.array([0.0, 9]), np.array([0.0, 300]))
    assert (only_one.value, only_one.chance) == (0, 0)


@pytest.mark.parametrize("photos", [200, 1000, 20_000])
def test_another_sample_of_the_same_photos_drifts_in_one_case_of_a_hundred(photos: int) -> None:
    random = np.random.default_rng(photos)
    shares = np.array([2, 3, 4, 5, 6, 8, 12, 10, 15, 15, 20]) / 100
    found = [
        stability_index(random.multinomial(10_000, shares), random.multinomial(photos, shares))
        for _ in range(2000)
    ]
    beyond = np.mean([each.value > each.chance for each in found])
    assert 0.003 <= beyond <= 0.025
    expected = 10 * (1 / photos + 1 / 10_000)
    assert np.mean([each.value for each in found]) == pytest.approx(expected, rel=0.15)


def test_a_few_photos_are_no_drift() -> None:
    reference = np.full(11, 900.0)
    few = stability_index(reference, np.array([0, 3, 1, 1, 4, 0, 2, 1, 3, 0, 1]))
    assert few.value > 0.25
    assert not few.exceeds(0.25)
    assert few.meaning() == "so few photos differ as much by chance"
    many = stability_index(reference, 100 * np.array([0, 3, 1, 1, 4, 0, 2, 1, 3, 0, 1]))
    assert many.exceeds(0.25)


def test_a_small_and_a_large_change_are_distinguished() -> None:
    reference = np.array([5000.0, 5000])
    small, large = (stability_index(reference, np.array([n, 10_000 - n])) for n in (6700.0, 7600.0))
    assert 0.1 < small.value < 0.25 < large.value
    assert small.meaning().startswith("a small change")
    assert large.meaning().startswith("a large change")
    assert small.exceeds(0.1)
    assert not small.exceeds(0.25)
