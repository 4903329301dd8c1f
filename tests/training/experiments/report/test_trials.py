"""Which trials tell the effect of a factor, and how settings are described."""

import pandas as pd
import pytest

from tests.training.experiments.report import frames
from tests.training.experiments.report.frames import EPOCHS, OWN, UNITS, trial
from training.experiments.factors import Factor, setting
from training.experiments.report.effects import effect_table
from training.experiments.report.search import importances
from training.experiments.report.tradeoff import pareto_front
from training.experiments.report.trials import Trials, read_trials


def read(frame: pd.DataFrame, own: dict[str, str] | None = None) -> Trials:
    return read_trials(frame, (EPOCHS, UNITS), "validation_accuracy", own or {})


@pytest.mark.parametrize("own", [{}, OWN])
def test_one_factor_at_a_time_is_recognized(own: dict[str, str]) -> None:
    trials = read(frames.one_at_a_time(), own)

    assert trials.base == OWN
    assert sorted(trials.alone(EPOCHS)["number"]) == [0, 1]
    assert sorted(trials.alone(UNITS)["number"]) == [1, 2, 3]
    assert trials.described(trials.frame.loc[0]) == "epochs=50"


def test_the_recipe_is_described_as_such_only_if_it_is_known() -> None:
    frame = frames.one_at_a_time()

    assert read(frame, OWN).described(frame.loc[1]) == "as in the recipe"
    assert read(frame).described(frame.loc[1]) == "epochs=75, network.units=20"


def test_in_a_grid_all_trials_tell_the_effect() -> None:
    trials = read(frames.grid(EPOCHS, UNITS))

    assert trials.base is None
    assert len(trials.alone(EPOCHS)) == 6


def test_a_factor_that_varies_alone_beside_a_grid_is_judged_by_its_own_trials() -> None:
    dropout = Factor("dropout", ())
    frame = frames.grid(EPOCHS, UNITS).assign(dropout="0.3")
    alone = trial(6, 0.9, epochs="75", dropout="0.5", **{"network.units": "20"})
    frame = pd.concat([frame, pd.DataFrame([alone])], ignore_index=True)
    levels = setting("dropout", 0.3, 0.5)
    trials = read_trials(frame, (EPOCHS, UNITS, levels), "validation_accuracy", {})

    assert not trials.is_searched(levels)
    assert trials.is_searched(dropout)
    assert sorted(trials.alone(levels)["number"]) == [4, 6]


def test_levels_keep_their_order_and_others_join_by_number() -> None:
    frame = frames.one_at_a_time()
    frame["network.units"] = ["20", "20", "10", "15"]
    trials = read(frame)

    assert trials.labels(UNITS, trials.frame) == ["10", "15", "20"]


def test_effects_are_the_differences_between_levels() -> None:
    table = effect_table(read(frames.grid(EPOCHS, UNITS)))

    assert [row["factor"] for row in table] == ["epochs", "network.units"]
    assert table[0]["best"] == "75: 54.00%"
    assert table[0]["worst"] == "50: 51.00%"
    assert table[0]["difference"] == "3.00"
    assert table[0]["spread"] == "1.00"


def test_the_front_has_the_trials_that_no_other_one_beats() -> None:
    figures = [(30, 0.7), (10, 0.5), (20, 0.4), (40, 0.7), (50, 0.9), (10, 0.3), (60, None)]
    rows = [
        trial(n, accuracy, seconds=seconds, epochs="50", **{"network.units": "10"})
        for n, (seconds, accuracy) in enumerate(figures)
    ]

    assert list(pareto_front(read(pd.DataFrame(rows)))["number"]) == [1, 0, 4]


def test_the_setting_that_decides_is_the_most_important_one() -> None:
    rows = [
        trial(n, 0.9 - abs(n - 15) / 100, rate=n / 30, other=(7 * n) % 30 / 30) for n in range(30)
    ]
    factors = (Factor("other", ()), Factor("rate", ()))

    found = importances(read_trials(pd.DataFrame(rows), factors, "validation_accuracy", {}))
    assert next(iter(found)) == "rate"
    assert sum(found.values()) == pytest.approx(1)
    assert not importances(read(frames.grid(EPOCHS, UNITS)))
