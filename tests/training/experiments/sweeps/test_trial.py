"""Trials are ordinary runs: fitted one after the other in one process, beside others."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from filelock import FileLock
from rich.console import Console

from tests.training.conftest import largest_file
from training.errors import TrainingError
from training.experiments.sweeps import trial
from training.experiments.sweeps.trial import Trainer
from training.fitting.devices import choose_devices
from training.overrides import override
from training.pipeline.loaded_data import KeptData
from training.pipeline.run_options import Paths, RunOptions
from training.recipe import Recipe
from training.recipes import RECIPES
from training.runs.folders import read_run
from training.runs.history import read_history

pytestmark = pytest.mark.integration

TINY = ("network.units=8", "batch_size=50", "held_out=0.2", "epochs=1")


def recipe(*assignments: str) -> Recipe:
    return override(RECIPES["clothing-dense128-adam"], [*TINY, *assignments])


def folder(name: str) -> Path:
    return Path("runs", "clothing-dense128-adam", name)


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def trainer(garments: Path, said: io.StringIO) -> Trainer:
    paths = Paths(garments, Path("models"), Path("runs"))
    options = RunOptions(choose_devices("cpu"), load=KeptData())
    return Trainer(paths, options, Console(file=said))


def test_a_run_that_another_process_works_on_is_waited_for(
    trainer: Trainer, said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = trainer.fit(recipe())
    other = FileLock(folder(first["run"]) / "lock")
    other.acquire()
    pauses = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            other.release()

    monkeypatch.setattr(trial, "time", SimpleNamespace(sleep=pause))

    assert trainer.fit(recipe()) == first

    assert said.getvalue().count("which works on the same run") == 1


def test_epochs_are_shared_although_the_first_attempt_has_failed(trainer: Trainer) -> None:
    first = trainer.fit(recipe())

    with largest_file(20_000), pytest.raises(TrainingError, match="cannot copy the state"):
        trainer.fit(recipe("epochs=2"))
    found = trainer.fit(recipe("epochs=2"))

    assert read_run(folder(found["run"]))["shared"] == {"run": first["run"], "epochs": 1}
    entries = [read_history(folder(each["run"])) for each in (first, found)]
    assert [entry["epoch"] for entry in entries[1]] == [1, 2]
    assert entries[1][0] == entries[0][0]  # Not fitted again: its seconds are the same.
