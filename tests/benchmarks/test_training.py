import json
import sys
from pathlib import Path

import pytest

from benchmarks.training import __main__ as command
from benchmarks.training.figures import FIGURES, Figure, Outcome, is_met
from tests.idx import write_fashion_mnist

FASTER = Figure("ours", "theirs", times=10)


def outcomes(seconds: float, *tests: float, training: float = 0.95) -> list[Outcome]:
    return [Outcome(seconds, test, training) for test in tests]


@pytest.mark.parametrize(
    ("seconds", "tests", "met"),
    [
        (5.0, (0.89, 0.89, 0.90), True),
        (5.1, (0.89, 0.89, 0.90), False),  # Not fast enough.
        (5.0, (0.87, 0.90, 0.90), False),  # Not for each seed.
    ],
)
def test_a_speed_up_counts_only_with_the_same_accuracy_for_each_seed(
    seconds: float, tests: tuple[float, ...], met: bool
) -> None:
    theirs = outcomes(50.0, 0.87, 0.88, 0.89)

    assert is_met(FASTER, theirs, outcomes(seconds, *tests)) is met


@pytest.mark.parametrize(
    ("test", "training", "met"), [(0.884, 0.95, True), (0.887, 0.95, False), (0.884, 0.89, False)]
)
def test_a_published_recipe_reaches_its_published_accuracy(
    test: float, training: float, met: bool
) -> None:
    figure = Figure("ours", "theirs", published=0.8793, min_training=0.9)

    assert is_met(figure, outcomes(1, 0.9), outcomes(1, test, training=training)) is met


@pytest.mark.integration
def test_programs_and_recipes_run_in_turn_and_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_fashion_mnist(tmp_path / "data")
    words = ["--only", "fast-128", "--seeds", "1", "--data", str(tmp_path / "data")]
    monkeypatch.setattr(sys, "argv", ["training", *words, "--output", str(tmp_path / "kept")])

    command.main()

    assert "Medians of 1 seed on" in capsys.readouterr().out
    runs = json.loads((tmp_path / "kept" / "results.json").read_text())["runs"]
    assert list(runs) == [FIGURES["fast-128"].program, FIGURES["fast-128"].ours]
    assert all(0 < run[0]["seconds"] < 600 and 0 <= run[0]["test"] <= 1 for run in runs.values())
    assert "| fast-128 | " in (tmp_path / "kept" / "results.md").read_text()


def test_a_shortened_program_is_scaled_and_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(words: list[str], seed: int, data: Path | None) -> Outcome:
        shortened = words[-2:] == ["--epochs", "5"]
        return Outcome(20.0 if shortened else 4.0, 0.5 if shortened else 0.88, 0.9)

    monkeypatch.setattr(command, "_run", run)
    words = ["--only", "fast-800", "--shorten", "5", "--output", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["training", *words])

    command.main()

    assert "ran for 5 epochs only: its time is multiplied by 20" in capsys.readouterr().out
    table = (tmp_path / "results.md").read_text()
    assert "100.0 × | ≥ 60 × | yes" in table
