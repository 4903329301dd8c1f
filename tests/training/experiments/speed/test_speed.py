"""The command `speed`, on drawn photos."""

import json
from pathlib import Path
from typing import Any

import pytest

from training.__main__ import main
from training.data.batches import TrainingBatches
from training.errors import Preempted
from training.experiments.speed import speedometer
from training.experiments.speed.timings import Timing, read_timings
from training.recipe import Recipe

FOLDER = Path("experiments", "speed-clothing-fast")


@pytest.fixture
def speed(garments: Path) -> "Speed":
    return Speed(garments)


class Speed:
    """Runs the command for 180 training photos."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __call__(self, *arguments: str, sizes: str = "30,90", repetitions: int = 2) -> int:
        options = ["--batch-sizes", sizes, "--repetitions", str(repetitions), "--device", "cpu"]
        command = ["speed", "clothing-fast", "--data", str(self._data), *options]
        return main([*command, "--set", "held_out=0.1", *arguments])


def timings() -> list[Timing]:
    return read_timings(FOLDER / "timings.csv")


@pytest.mark.integration
def test_every_combination_is_measured_in_each_repetition(
    speed: Speed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert speed("--decimal-comma") == 0

    found = timings()
    assert [(each.batch_size, each.loading, each.repetition) for each in found] == [
        (size, loading, repetition)
        for size in (30, 90)
        for loading in ("parallel", "serial")
        for repetition in (1, 2)
    ]
    for each in found:
        assert each.steps == each.steps_per_epoch == 180 // each.batch_size
        assert each.seconds_per_epoch
        assert each.images_per_second
        assert each.images_per_second == pytest.approx(180 / each.seconds_per_epoch, rel=1e-3)
    assert ";serial;" in (FOLDER / "timings.csv").read_text("utf-8")
    assert "Speed of clothing-fast" in (FOLDER / "report.html").read_text("utf-8")
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if line.endswith(("all 6", "all 2"))]
    assert [row[:2] for row in rows] == [
        ["30", "parallel"],
        ["30", "serial"],
        ["90", "parallel"],
        ["90", "serial"],
    ]
    assert any(line.startswith("fastest: batch size ") for line in lines)


@pytest.mark.integration
def test_of_a_long_epoch_only_some_steps_are_measured(
    speed: Speed, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--seconds", "0.000001", "--loading", "serial")
    assert speed(*options, sizes="10", repetitions=1) == 0

    (found,) = timings()
    assert (found.steps, found.steps_per_epoch) == (5, 18)
    assert found.seconds_per_epoch
    assert found.images_per_second
    assert found.images_per_second == pytest.approx(180 / found.seconds_per_epoch, rel=1e-3)
    assert "5 of 18" in capsys.readouterr().out


@pytest.mark.integration
def test_interrupted_measurements_go_on(
    speed: Speed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measure = speedometer.Speedometer.measure
    left = [3]

    def interrupted(*arguments: object) -> Timing:
        if not left[0]:
            raise Preempted
        left[0] -= 1
        return measure(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(speedometer.Speedometer, "measure", interrupted)
    assert speed() == 75
    kept = timings()
    assert len(kept) == 3
    assert f"stopped; 3 measurements in {FOLDER}: the same" in capsys.readouterr().out

    left[0] = 5
    assert speed() == 0
    assert left == [0]
    assert "8 measurements, 3 of them done" in capsys.readouterr().out
    assert set(kept) < set(timings())
    assert len(timings()) == 8
    assert speed(sizes="90", repetitions=1) == 0  # Nothing is missing.
    assert len(timings()) == 8


@pytest.mark.integration
def test_a_batch_size_that_cannot_be_measured_does_not_stop_the_others(
    speed: Speed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import tensorflow as tf

    batches = TrainingBatches

    def too_large(data: Any, recipe: Recipe, **options: Any) -> object:
        if recipe.batch_size == 90:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating")
        return batches(data, recipe, **options)

    monkeypatch.setattr(speedometer, "TrainingBatches", too_large)
    assert speed(repetitions=1) == 0

    reasons = {(each.batch_size, each.reason) for each in timings()}
    assert reasons == {(30, ""), (90, "out of memory")}
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["90", "serial", "out", "of", "memory"] in rows
    monkeypatch.setattr(speedometer, "TrainingBatches", batches)
    assert speed(repetitions=1) == 0  # What failed is tried again.
    assert {each.reason for each in timings()} == {""}


@pytest.mark.integration
def test_batches_that_devices_cannot_share_are_reported(
    speed: Speed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.backends import tensorflow_backend

    monkeypatch.setattr(tensorflow_backend, "replicas", lambda: 4)
    assert speed("--loading", "serial", repetitions=1, sizes="30,60") == 0

    assert {each.reason for each in timings()} == {
        "4 devices can't share a batch of 30 equally",
        "",
    }


@pytest.mark.integration
def test_measurements_of_something_else_are_not_continued(
    speed: Speed, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--loading", "serial")
    assert speed(*options, sizes="90", repetitions=1) == 0

    facts = json.loads((FOLDER / "facts.json").read_text())
    facts["hardware"]["cores"] = 999
    (FOLDER / "facts.json").write_text(json.dumps(facts))
    capsys.readouterr()
    assert speed(*options, "--seconds", "3", sizes="90") == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {FOLDER} has measurements of something else (cores 999, now ")
    assert "; --seconds 10, now 3): choose another --output" in error
    assert len(timings()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--batch-sizes", "0"], "--batch-sizes takes whole numbers from 1, such as 32,64,128, "),
        (["--batch-sizes", ""], "--batch-sizes takes whole numbers from 1, such as 32,64,128, "),
        (["--batch-sizes", "90,181"], "--batch-sizes 181: there are only 180 training photos"),
        (["--loading", "quick"], "--loading is serial or parallel, or both, not 'quick'"),
        (["--repetitions", "0"], "--repetitions is at least 1, not 0"),
        (["--seconds", "0"], "--seconds is above 0, not 0"),
        (["--seconds", "nan"], "--seconds is above 0, not nan"),
    ],
)
def test_wrong_use_is_one_line(
    speed: Speed, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert speed(*arguments) == 2

    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1
    assert not FOLDER.exists()
