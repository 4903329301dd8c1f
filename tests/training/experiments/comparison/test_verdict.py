"""The corrected paired test: against SciPy and statsmodels, worked values, invariances, words."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from training.experiments.comparison.verdict import Verdict, splits_needed, verdicts

RATIO = 0.25


def errors(splits: int, *means: float, spread: float = 0.5) -> dict[str, np.ndarray]:
    """Return errors of recipes a, b, … that vary with the split, and a little by themselves."""
    random = np.random.default_rng(splits)
    splitting = random.normal(0, 2, splits)
    return {
        chr(ord("a") + index): 10 + mean + splitting + random.normal(0, spread, splits)
        for index, mean in enumerate(means)
    }


def only(found: dict[str, np.ndarray], ratio: float = RATIO) -> Verdict:
    (verdict,) = verdicts(found, ratio)
    return verdict


def test_without_overlap_it_is_the_usual_paired_t_test() -> None:
    found = errors(12, 0.0, 0.3)
    usual = stats.ttest_rel(found["a"], found["b"])
    interval = usual.confidence_interval(0.95)

    verdict = only(found, ratio=0.0)

    assert verdict.p == verdict.p_corrected == pytest.approx(usual.pvalue)
    assert (verdict.low, verdict.high) == pytest.approx((interval.low, interval.high))


def test_the_correction_as_worked_by_hand() -> None:
    verdict = only({"a": np.array([11.0, 12.0, 13.0]), "b": np.full(3, 10.0)})

    t = 2 / math.sqrt(1 / 3 + RATIO)  # Mean 2, variance 1.
    assert verdict.difference == 2
    assert verdict.effect_size == 2
    assert verdict.p == pytest.approx(1 - t / math.sqrt(t**2 + 2))  # Student's t of 2 degrees.
    half = 4.302653 * math.sqrt(1 / 3 + RATIO)
    assert (verdict.low, verdict.high) == pytest.approx((2 - half, 2 + half))


def test_it_only_depends_on_the_paired_differences() -> None:
    found = errors(20, 0.0, 0.4)
    harder = {name: each + np.linspace(0, 30, 20) for name, each in found.items()}
    swapped = {"b": found["b"], "a": found["a"]}

    verdict, other, reverse = only(found), only(harder), only(swapped)

    assert (other.p, other.effect_size) == pytest.approx((verdict.p, verdict.effect_size))
    assert reverse.p == pytest.approx(verdict.p)
    assert (reverse.difference, reverse.low, reverse.high) == pytest.approx(
        (-verdict.difference, -verdict.high, -verdict.low)
    )


def test_several_pairs_are_corrected_by_holm() -> None:
    found = verdicts(errors(20, 0.0, 0.2, 2.0), RATIO)

    assert [(each.a, each.b) for each in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    ordered = sorted(found, key=lambda each: each.p)
    first = 3 * ordered[0].p
    second = max(first, 2 * ordered[1].p)
    third = max(second, ordered[2].p)
    assert [each.p_corrected for each in ordered] == pytest.approx([first, second, third])
    assert [each.is_shown for each in found] == [False, True, True]


@pytest.mark.parametrize("effect", [0.3, 0.5, 1.0, -1.0])
def test_the_splits_needed_are_those_of_the_usual_test_without_overlap(effect: float) -> None:
    usual = TTestPower().solve_power(effect_size=abs(effect), alpha=0.05, power=0.8)

    assert splits_needed(effect, ratio=0.0) == math.ceil(usual)


def test_small_effects_are_shown_by_no_number_of_splits() -> None:
    # With endless splits the test is a z test of effect / sqrt(ratio), whose power is 0.8 at 2.80.
    limit = 2.8016 * math.sqrt(RATIO)

    assert splits_needed(limit - 0.01, RATIO) is None
    needed = splits_needed(limit + 0.01, RATIO)
    assert needed is not None
    assert needed > 200
    assert splits_needed(math.nan, RATIO) is None


def test_a_difference_in_words() -> None:
    verdict = only({"a": 10.8 + 0.2 * np.resize([-1, 1], 100), "b": np.full(100, 10.0)})

    assert verdict.is_shown
    assert verdict.sentence == "b is better than a by 0.8 ± 0.2 points of error"


@pytest.mark.parametrize(
    ("differences", "expected"),
    [
        ([1.0, 2.0, 3.0], "(the error of b is 2.0 ± 3.3 points lower); about 9 would be needed"),
        (
            [-1.0, 0.5, -0.5, 0.2],
            "(the error of a is 0.2 ± 1.5 points lower);"
            " no number of splits of these photos would show one so small",
        ),
    ],
)
def test_no_difference_in_words(differences: list[float], expected: str) -> None:
    verdict = only({"a": 10 + np.array(differences), "b": np.full(len(differences), 10.0)})

    assert not verdict.is_shown
    shown = f"no difference between a and b can be shown with {len(differences)} splits"
    assert verdict.sentence == f"{shown} {expected}"


def test_equal_errors_are_no_difference() -> None:
    same = np.array([10.0, 12.0, 11.0])

    verdict = only({"a": same, "b": same})

    assert (verdict.p, verdict.effect_size, verdict.splits_needed) == (1.0, 0.0, None)
    assert verdict.sentence == "a and b make the same number of errors on each of the 3 splits"


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ([10.1, 12.1], [10.0, 12.0], "+0.10 points on each of the 2 splits"),
        ([10.0], [12.0], "can't be compared on 1 split"),
        ([10.0, np.nan], [np.nan, 12.0], "can't be compared on 0 splits"),
    ],
)
def test_without_spread_there_is_no_test(a: list[float], b: list[float], expected: str) -> None:
    found = {"a": np.array(a), "b": np.array(b), "c": np.array(a) + 1}

    verdict = verdicts(found, RATIO)[0]

    assert math.isnan(verdict.p)
    assert not verdict.is_shown
    assert expected in verdict.sentence


def test_splits_on_which_a_training_failed_are_left_out() -> None:
    found = errors(10, 0.0, 1.0)
    shorter = {name: each[:8] for name, each in found.items()}
    found["a"][8], found["b"][9] = np.nan, np.nan

    assert only(found) == only(shorter)
