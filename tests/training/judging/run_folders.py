"""Run folders as the tables of results are made from."""

import json
from pathlib import Path
from typing import Any

from training.judging.measurements import Measurement, evaluated_runs
from training.judging.results import seeded
from training.overrides import hyperparameters
from training.recipe import Recipe
from training.recipes import RECIPES
from training.runs.identity import code_of

CLOTHING = RECIPES["clothing-dense128-adam"]
PETS = RECIPES["cats-dogs-cnn"]
DATA = "d" * 64


def run_folder(
    runs: Path,
    recipe: Recipe,
    accuracy: float,
    *,
    facts: Any = None,
    began: str = "2026-11-22T10:00",
    times: dict[str, float] | None = None,
    **card: Any,
) -> Path:
    """Write the files of a run that the tables are made from."""
    folder = runs / recipe.name / f"{recipe.seed}-{accuracy}"
    folder.mkdir(parents=True)
    (folder / "evaluation.json").write_text("{}")
    hardware = {"device": "CPU", "processor": "A fast one", "cores": 2}
    validation = {"accuracy": accuracy + 0.005, "photos": 3_000}
    made = {
        "name": recipe.model,
        "recipe": recipe.name,
        "parameters": hyperparameters(recipe),
        "metrics": {"test": {"accuracy": accuracy, "photos": 10_000}, "validation": validation},
        "trained": {
            "seconds": 40 + recipe.seed,
            "hardware": hardware,
            "began": began,
            **(times or {}),
        },
        "data": {"sha256": DATA, "training": 57_000, "validation": 3_000, "test": 10_000},
    }
    known: dict[str, Any] = {"recipe": recipe.name, "model": recipe.model, "status": "evaluated"}
    known |= {"parameters": hyperparameters(recipe)}
    known |= {"code": code_of(recipe), "data": DATA, "weights": "", "backend": "tensorflow"}
    (folder / "model_card.json").write_text(json.dumps({**made, **card}))
    (folder / "history.json").write_text(json.dumps([{"epoch": 1, "accuracy": accuracy + 0.01}]))
    (folder / "run.json").write_text(json.dumps({**known, **(facts or {})}))
    return folder


def measured_in(runs: Path) -> list[Measurement]:
    return evaluated_runs(runs)[0]


def today(recipe: Recipe) -> dict[str, str]:
    return {"data": DATA, "weights": "", "backend": "tensorflow"}


def section(page: str, head: str = "# Results") -> str:
    """Return the part of the page under a head."""
    return page.partition(f"{head}\n")[2].partition("\n## ")[0]


def three_runs(runs: Path) -> list[Measurement]:
    for seed, accuracy in ((1, 0.87), (2, 0.88), (3, 0.89)):
        run_folder(runs, seeded(CLOTHING, seed), accuracy)
    return measured_in(runs)
