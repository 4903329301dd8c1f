"""The sweep that a command, or a call from Python, asks for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from training.experiments.factors import Factor, Goal
from training.experiments.studies.at_hand import levels_at_hand
from training.experiments.studies.study import Study
from training.experiments.study_folder import check_study_name, study_name
from training.experiments.sweeps.search import read_space
from training.experiments.sweeps.sweep import Sweep
from training.recipe import ANY_PHOTOS, Recipe

_GOALS: dict[str, Goal] = {"accuracy": "validation_accuracy", "loss": "validation_loss"}


def asked_sweep(
    recipe: Recipe,
    study: Study | None,
    factors: Sequence[Factor],
    search: Sequence[str],
    *,
    one_at_a_time: bool = False,
    trials: int = 40,
    pruning: bool = True,
    goal: Literal["accuracy", "loss"] | None = None,
    name: str | None = None,
    data: Path | None = None,
) -> tuple[Sweep, list[str]]:
    """Return a sweep whose settings are checked, and a line for each level that is left out.

    Args:
        recipe: that is varied.
        study: ready-made, or None; what varies is then in `factors` or `search`.
        factors: of a grid.
        search: what a sampler draws from, as `--search` takes it.
        one_at_a_time: vary each factor alone.
        trials: of a search.
        pruning: of a search.
        goal: None: the study's, or the accuracy.
        name: of the study; None: made of what varies.
        data: folder of the data sets, also searched for pretrained weights.

    Raises:
        UsageError: a setting, or the name, is wrong.
    """
    notes: list[str] = []
    design = study.design if study else "one-at-a-time" if one_at_a_time else "grid"
    if study:
        factors, notes = levels_at_hand(recipe, study.factors, data)
    space = read_space(recipe, search)
    varied = [*space] or [factor.name for factor in factors]
    sweep = Sweep(
        _name(recipe, study.name if study else "-".join([recipe.name, *varied]))
        if name is None
        else check_study_name(name),
        recipe,
        tuple(factors),
        design,
        space,
        trials if search else 0,
        pruning,
        _GOALS[goal] if goal else study.goal if study else "validation_accuracy",
    )
    sweep.check()
    return sweep, notes


def _name(recipe: Recipe, what: str) -> str:
    return study_name(f"{recipe.model}-{what}" if recipe.dataset == ANY_PHOTOS else what)
