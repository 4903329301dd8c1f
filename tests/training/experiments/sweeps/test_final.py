"""The chosen setting with several seeds: what counts if a seed fails, or the choice changes."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from training.errors import TrainingError
from training.experiments.factors import read_factor
from training.experiments.sweeps.final import evaluate_final, final_recipes, open_final
from training.experiments.sweeps.results import Chosen
from training.experiments.sweeps.sweep import Sweep
from training.experiments.sweeps.trial import Trainer
from training.recipe import Recipe
from training.recipes import RECIPES

DENSE = RECIPES["clothing-dense128-adam"]
SWEEP = Sweep("widths", DENSE, (read_factor("network.units=4,8"),))


def best(position: int) -> Chosen:
    return Chosen(position, {}, {}, {"key": f"key{position}"})


class Failing(Trainer):
    """Evaluates nothing, and fails with some seeds."""

    def __init__(self, *seeds: int) -> None:
        self.failing = seeds
        self.evaluated: list[int] = []

    def evaluate(self, recipe: Recipe, console: Console) -> dict[str, Any]:
        self.evaluated.append(recipe.seed)
        if recipe.seed in self.failing:
            raise TrainingError("the loss became nan")
        return {"seed": recipe.seed, "test_accuracy": 0.5}


def evaluated(storage: Path, position: int, trainer: Trainer, said: io.StringIO) -> list[int]:
    recipes = final_recipes(SWEEP, best(position), 3)
    queue = open_final(SWEEP, recipes, f"sqlite:///{storage}", best(position))
    return list(evaluate_final(queue, recipes, trainer, Console(file=said))["seed"])


def test_the_photos_that_a_setting_was_chosen_by_never_become_test_photos() -> None:
    pets = replace(RECIPES["cats-dogs-mobilenet"], seed=2, split_seed=5)
    sweep = Sweep("units", pets, (read_factor("head.units=4,8"),))

    found = final_recipes(sweep, best(1), 3)

    assert [(each.seed, each.split_seed) for each in found] == [(2, 5), (1, 5), (3, 5)]


def test_a_seed_that_fails_has_no_row_also_when_the_command_is_repeated(tmp_path: Path) -> None:
    trainer, said = Failing(2), io.StringIO()

    for _ in range(2):
        assert evaluated(tmp_path / "study.db", 0, trainer, said) == [1, 3]

    assert trainer.evaluated == [1, 2, 3]
    assert said.getvalue() == "seed 2 failed: the loss became nan\n" * 2


def test_a_setting_that_fails_with_all_seeds_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"can't be evaluated: seed 1 failed: .* seed 3 failed"):
        evaluated(tmp_path / "study.db", 0, Failing(1, 2, 3), io.StringIO())


def test_more_trials_may_find_a_better_setting(tmp_path: Path) -> None:
    trainer, said = Failing(), io.StringIO()

    for position in (0, 1):
        assert evaluated(tmp_path / "study.db", position, trainer, said) == [1, 2, 3]

    assert trainer.evaluated == [1, 2, 3] * 2
