"""`sweep` on the command line: what is fitted, what is shared, what is found."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.e2e.training_runs import ROOT, TIMEOUT_SECONDS
from training.__main__ import main
from training.runs.folders import read_run
from training.runs.history import read_history
from training.runs.trained_network import load_trained_network

RECIPE = "clothing-dense128-adam"
TINY = ("--set", "network.units=8", "--set", "batch_size=50", "--set", "held_out=0.2")

integration = pytest.mark.integration


def words(garments: Path, *arguments: str) -> list[str]:
    return ["sweep", RECIPE, "--data", str(garments), *TINY, *arguments]


def runs() -> list[Path]:
    return sorted(Path("runs", RECIPE).iterdir())


def weights(run: Path) -> list[np.ndarray]:
    network = load_trained_network(run)
    assert network is not None
    return list(network.get_weights())


def study(name: str) -> pd.DataFrame:
    return pd.read_csv(Path("experiments", name, "trials.csv"), encoding="utf-8-sig")


@integration
def test_epochs_are_fitted_once_and_test_photos_are_looked_at_once(
    garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    epochs = ("--grid", "epochs=1,2,4", "--seeds", "1", "--deterministic")
    assert main(words(garments, *epochs, "--dry-run")) == 0
    assert "3 trials: 4 epochs to fit; separate runs would take 7" in capsys.readouterr().out
    assert main(words(garments, *epochs)) == 0
    printed = capsys.readouterr().out
    assert "trial 3/3  epochs=4  validation" in printed
    trials = study(f"{RECIPE}-epochs")
    assert list(trials["epochs"]) == [1, 2, 4]
    assert list(trials["state"]) == ["done"] * 3
    facts = [read_run(run) for run in runs()]
    shared = {each["parameters"]["epochs"]: each.get("shared", {}).get("epochs") for each in facts}
    assert shared == {1: None, 2: 1, 4: 2}
    evaluated = [each for each in facts if each["status"] == "evaluated"]
    best = trials.sort_values("validation_accuracy", ascending=False, kind="stable").iloc[0]
    assert [each["parameters"]["epochs"] for each in evaluated] == [best["epochs"]]

    assert main(words(garments, *epochs, "--dry-run")) == 0
    assert "3 trials: 0 epochs to fit" in capsys.readouterr().out
    before = {run: (run / "trained.keras").stat().st_mtime_ns for run in runs()}
    assert main([*words(garments, *epochs), "--study", "again"]) == 0  # Takes over all trials.
    assert before == {run: (run / "trained.keras").stat().st_mtime_ns for run in runs()}
    assert list(study("again")["run"]) == list(trials["run"])

    longest = next(run for run in runs() if read_run(run)["parameters"]["epochs"] == 4)
    alone = ["run", *words(garments, "--deterministic", "--set", "epochs=4", "--runs", "alone")[1:]]
    assert main(alone) == 0
    (separate,) = Path("alone", RECIPE).iterdir()
    for ours, theirs in zip(weights(longest), weights(separate), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [each["epoch"] for each in read_history(longest)] == [1, 2, 3, 4]


@integration
def test_a_search_draws_settings_and_ends_hopeless_trials(garments: Path) -> None:
    search = ("--search", "learning_rate=1e-5..1e-1:log", "--trials", "4", "--set", "epochs=3")
    assert main(words(garments, *search, "--seeds", "0", "--study", "rates")) == 0
    trials = study("rates")
    assert len(trials) == 4
    assert trials["learning_rate"].between(1e-5, 1e-1).all()
    assert set(trials["state"]) <= {"done", "pruned"}
    pruned = trials[trials["state"] == "pruned"]
    assert (pruned["epochs"] < 3).all()
    assert {read_run(run)["status"] for run in runs()} <= {"trained", "failed"}  # Not evaluated.


@integration
def test_a_process_that_is_killed_loses_no_trial_and_none_is_repeated(garments: Path) -> None:
    grid = ("--grid", "network.units=4,5,6", "--set", "epochs=3", "--seeds", "0")
    command = words(garments, *grid, "--study", "killed")
    process = subprocess.Popen([sys.executable, "-m", "training", *command], env=environment())
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not any(read_history(run) for run in Path("runs").glob("*/*")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert main(command) == 0
    assert list(study("killed")["state"]) == ["done"] * 3
    assert len(runs()) == 3
    for run in runs():
        assert [each["epoch"] for each in read_history(run)] == [1, 2, 3]


@integration
def test_several_processes_share_the_trials(
    garments: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("there is one core")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    grid = ("--grid", "network.units=4,5", "--set", "epochs=1", "--seeds", "0")
    assert main(words(garments, *grid, "--study", "shared", "--processes", "2")) == 0
    assert list(study("shared")["state"]) == ["done"] * 2
    logs = [Path("experiments", "shared", f"worker-{n}.log").read_text("utf-8") for n in (1, 2)]
    assert all("the best: trial" in log for log in logs)
    assert main(words(garments, *grid, "--processes", "99")) == 2
    assert "--processes is 1 to" in capsys.readouterr().err


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "a sweep needs --grid NAME=VALUE"),
        (("--grid", "speed=1,2"), "has no setting 'speed'"),
        (("--grid", "epochs=1,many"), "epochs is a whole number"),
        (("--grid", "epochs=0,1"), "epochs is at least 1, not 0"),
        (("--grid", "epochs=1,1"), "a value is named twice"),
        (("--grid", "epochs=1", "--grid", "epochs=2"), "epochs varies twice"),
        (("--grid", "momentum=0,0.9"), "momentum has no effect with optimizer=adam"),
        (("--grid", "epochs=1", "--search", "seed=1..2"), "can't be combined"),
        (("--grid", "epochs=1,2", "--trials", "3"), "no effect without --search"),
        (("--search", "epochs=1..4", "--trials", "0"), "--trials is at least 1, not 0"),
        (("--grid", "epochs=1,2", "--seeds", "-1"), "--seeds is at least 0, not -1"),
        (("--search", "epochs=1..4", "--one-at-a-time"), "no effect without --grid"),
        (("--grid", "epochs=1,2", "--study", "../mine", "--dry-run"), "not '../mine'"),
        (("--grid", "epochs=1,2", "--study", ""), "not ''"),
        (("--grid", "epochs=1,2", "--processes", "0"), "--processes is 1 to"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_trained(
    garments: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert main(words(garments, *arguments)) == 2
    assert said in capsys.readouterr().err
    assert not Path("runs").exists()


@integration
def test_settings_are_not_chosen_without_validation_photos(
    garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words(garments, "--grid", "epochs=1,2"), "--set", "held_out=0"]) == 1
    assert "no validation photos to choose settings by" in capsys.readouterr().err


@integration
def test_a_study_of_another_recipe_keeps_its_name(
    garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mine = ("--seeds", "0", "--study", "mine", "--set", "epochs=1")
    assert main(words(garments, "--grid", "seed=1,2", *mine)) == 0
    other = words(garments, "--grid", "seed=1,2", *mine)
    other[1] = "clothing-dense512-adam"
    assert main(other) == 2
    assert "recipe" in capsys.readouterr().err
    assert json.dumps(study("mine")["state"].tolist()) == '["done", "done"]'
