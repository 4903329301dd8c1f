"""What a sweep does with what its trials report."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from training.experiments.queue import Choices, Range
from training.experiments.sweeps.run import OpenSweep, dry_run
from training.experiments.sweeps.sweep import Sweep
from training.experiments.sweeps.trial import Figures, Trainer
from training.recipe import Recipe
from training.recipes import RECIPES

RECIPE = replace(RECIPES["clothing-dense128-adam"], epochs=2)
SEARCH = Sweep("rates", RECIPE, space={"learning_rate": Range(1e-4, 1e-2)}, trials=3)


class Reporting(Trainer):
    """Fits nothing; the validation loss of the second trial overflows."""

    def __init__(self) -> None:
        self.trials = 0

    def prepare(self, recipe: Recipe) -> None:
        pass

    def identity(self, recipe: Recipe) -> Any:
        key = f"key of {recipe.learning_rate}"
        return SimpleNamespace(data="photos", code="code", backend="tensorflow", key=key)

    def fit(
        self, recipe: Recipe, after_epoch: Callable[[dict[str, float]], None] | None = None
    ) -> Figures:
        self.trials += 1
        loss: Any = None if self.trials == 2 else 1 / self.trials
        if after_epoch:
            after_epoch({"epoch": 1, "val_loss": loss, "val_accuracy": 0.5})
        figures = {"validation_loss": loss, "validation_accuracy": 0.5, "seconds": 1.0}
        return {**figures, "key": str(self.identity(recipe).key), "run": f"run-{self.trials}"}


def test_a_validation_loss_that_is_not_finite_is_never_the_best(tmp_path: Path) -> None:
    sweep = replace(SEARCH, goal="validation_loss", pruning=False)
    storage = f"sqlite:///{tmp_path / 'study.db'}"

    found = OpenSweep(sweep, storage, Reporting(), 0, Console(file=io.StringIO())).work()

    assert list(found.trials["state"]) == ["done", "failed", "done"]
    assert found.chosen.figures["run"] == "run-3"
    assert found.notes == ("trial 2 failed: its result is NaN",)


@pytest.mark.parametrize(
    ("space", "most"),
    [
        ({"learning_rate": Range(1e-4, 1e-2)}, "6 epochs"),
        ({"epochs": Range(5, 50, whole=True)}, "150 epochs"),
        ({"epochs": Choices(("5", "20"))}, "60 epochs"),
    ],
)
def test_a_dry_run_says_how_many_epochs_a_search_has_at_most(
    space: dict[str, Range | Choices], most: str
) -> None:
    lines = dry_run(replace(SEARCH, space=space), Reporting(), 0)
    assert lines == [f"3 trials: at most {most} to fit, fewer because hopeless trials end early"]
