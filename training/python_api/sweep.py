"""`sweep`: a recipe trained with many settings, and the best of them evaluated once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from training.errors import UsageError, explained
from training.experiments.factors import Factor, setting
from training.overrides import shown_value
from training.python_api.chosen_recipe import AnyRecipe, Photos, chosen_recipe
from training.python_api.session import Device, console, devices
from training.python_api.trained_run import TrainedRun
from training.recipe import ANY_PHOTOS, Recipe

if TYPE_CHECKING:
    from training.experiments.sweeps.run import SweepResult
    from training.experiments.sweeps.sweep import Sweep
    from training.experiments.sweeps.trial import Trainer


@dataclass(frozen=True, repr=False)
class SweepStudy:
    """What a sweep has found.

    Attributes:
        trials: a row for each trial. Columns: `number` (from 1), one for each setting that varies
            with its value as text, `epochs`, `validation_loss` (nats), `validation_accuracy` (0 to
            1), `seconds` of fitting, `parameters` of the network, `state`, `reason` (why it failed)
            and `run` (name of its folder).
        chosen: the values of the best trial, as text.
        final: a row for each seed with which the chosen setting was trained and evaluated. Columns:
            `seed`, `validation_accuracy`, `test_accuracy` with the ends of its 95% interval,
            `test_low` and `test_high` (all 0 to 1), `seconds` of fitting, `run`. None with
            `seeds=0`.
        best: the run of the chosen setting with the seed of the trials, which can be published;
            None with `seeds=0`.
        report: the page `report.html`, with PNG and CSV files beside it.
        notes: lines such as which trials failed.
    """

    trials: pd.DataFrame
    chosen: dict[str, str]
    final: pd.DataFrame | None
    best: TrainedRun | None
    report: Path
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        """Return the chosen setting."""
        values = ", ".join(f"{name}={value}" for name, value in self.chosen.items())
        return f"<SweepStudy of {len(self.trials)} trials: {values}; {self.report}>"


def sweep(
    recipe: AnyRecipe,
    grid: Mapping[str, Sequence[Any]] | None = None,
    *,
    search: Mapping[str, str | Sequence[Any]] | None = None,
    one_at_a_time: bool = False,
    trials: int = 40,
    pruning: bool = True,
    goal: Literal["accuracy", "loss"] = "accuracy",
    seeds: int = 3,
    photos: str | Path | None = None,
    data: str | Path | None = None,
    model: str | None = None,
    shape: tuple[int, int, int] | None = None,
    preparation: str | None = None,
    settings: Mapping[str, Any] | None = None,
    seed: int | None = None,
    study: str | None = None,
    output: str | Path | None = None,
    storage: str | None = None,
    runs: str | Path = "runs",
    device: Device = "auto",
    deterministic: bool = False,
    progress: bool = False,
) -> SweepStudy:
    """Train a recipe with many settings, choose the best by the validation photos, evaluate that.

    It is the command `sweep`: interrupted, the same call goes on, and so does the command with the
    same study; trials whose runs are there already are taken over. The test photos are looked at
    once, at the end, for the chosen setting.

    Args:
        recipe: its name, the path of a recipe's file, or a recipe.
        grid: the values of each setting that varies, such as `{"epochs": [5, 10]}`: all
            combinations are trained.
        search: instead of a grid, what a sampler draws settings from: a range, such as
            `{"learning_rate": "1e-4..1e-2:log"}`, or a list of values.
        one_at_a_time: vary each setting of the grid alone, the others as in the recipe.
        trials: number of trials of a search.
        pruning: end hopeless trials of a search early.
        goal: what the best setting is best in, on the validation photos.
        seeds: how many times the chosen setting is trained and evaluated; 0: the test photos are
            not looked at.
        photos: your own photos, as of `train`; so are `data`, `model`, `shape`, `preparation`,
            `settings` (those of all trials), `seed`, `runs`, `device` and `deterministic`.
        data: see `train`.
        model: see `train`.
        shape: see `train`.
        preparation: see `train`.
        settings: see `train`.
        seed: see `train`.
        study: its name; None: made of the recipe and what varies.
        output: folder of the report; None: `experiments/<study>`.
        storage: database of the study, such as `postgresql://user@host/database`, where other
            machines take part; None: `study.db` in the output folder.
        runs: see `train`.
        device: see `train`.
        deterministic: see `train`.
        progress: show the bars and lines of the command.

    Raises:
        UsageError: an unknown recipe or setting, a wrong value, or another study of this name.
        TrainingError: all trials have failed, or a step failed in a way that would end the others
            too.
        KeyboardInterrupt, Preempted: interrupted; the same call goes on.
    """
    if bool(grid) == bool(search):
        raise UsageError("a sweep needs either a grid or a search: give one of them")
    if seeds < 0 or trials < 1:
        raise UsageError(f"seeds are at least 0 and trials at least 1, not {seeds} and {trials}")
    what = Photos(photos, data, model, shape, preparation)
    chosen = chosen_recipe(recipe, what, settings, seed)
    asked = replace(
        _asked(chosen, grid or {}, search or {}, study),
        design="one-at-a-time" if one_at_a_time else "grid",
        trials=trials if search else 0,
        pruning=pruning,
        goal="validation_accuracy" if goal == "accuracy" else "validation_loss",
    )
    asked.plan  # noqa: B018 -- checks all settings before anything is written
    folder = Path(output or Path("experiments") / asked.name)
    with explained(f"the folder {folder} can't be made"):
        folder.mkdir(parents=True, exist_ok=True)
    with devices(device, deterministic=deterministic) as used:
        from training.experiments.sweeps.run import work_on
        from training.experiments.sweeps.trial import Trainer
        from training.pipeline.loaded_data import KeptData
        from training.pipeline.run_options import Paths, RunOptions

        began, shown = datetime.now(UTC), console(progress)
        options = RunOptions(used, deterministic=deterministic, load=KeptData())
        trainer = Trainer(Paths(what.folder, Path("models"), Path(runs)), options, shown)
        address = storage or f"sqlite:///{folder / 'study.db'}"
        found = work_on(asked, address, trainer, seeds, shown)
        page = _report(asked, found, trainer, folder, began)
    return SweepStudy(
        found.trials,
        found.chosen.levels,
        found.final,
        _best(asked, found, Path(runs)),
        page,
        found.notes,
    )


def _asked(
    recipe: Recipe,
    grid: Mapping[str, Sequence[Any]],
    search: Mapping[str, str | Sequence[Any]],
    study: str | None,
) -> "Sweep":
    from training.experiments.sweeps.search import read_space
    from training.experiments.sweeps.sweep import Sweep

    factors = tuple(_factor(name, values) for name, values in grid.items())
    space = read_space(recipe, [f"{name}={_range(name, of)}" for name, of in search.items()])
    return Sweep(study or _study_name(recipe, [*grid, *search]), recipe, factors, space=space)


def _factor(name: str, values: Sequence[Any]) -> Factor:
    listed = list(_several(name, values))
    if len(set(map(str, listed))) < len(listed):
        raise UsageError(f"grid {name}: a value is named twice")
    return setting(name, *listed)


def _range(name: str, values: str | Sequence[Any]) -> str:
    if isinstance(values, str):
        return values
    return ";".join(map(shown_value, _several(name, values)))


def _several(name: str, values: Sequence[Any]) -> Sequence[Any]:
    if isinstance(values, str | bytes) or not isinstance(values, Sequence) or not len(values):
        raise UsageError(f"{name} needs a list of values, such as [5, 10], not {values!r}")
    return values


def _study_name(recipe: Recipe, names: Sequence[str]) -> str:
    parts = [recipe.name, *names]
    return "-".join([recipe.model, *parts] if recipe.dataset == ANY_PHOTOS else parts)[:100]


def _best(asked: "Sweep", found: "SweepResult", runs: Path) -> TrainedRun | None:
    if found.final is None:
        return None
    recipe = asked.recipe_of(found.chosen.position, found.chosen.params)
    return TrainedRun(runs / recipe.name / found.final["run"].iloc[0], recipe)


def _report(
    asked: "Sweep", found: "SweepResult", trainer: "Trainer", folder: Path, began: datetime
) -> Path:
    from training.experiments.report import about, write_sweep_report

    factors = asked.factors or tuple(Factor(name, ()) for name in asked.names)
    seeds = [asked.recipe.seed] if found.final is None else found.final["seed"].tolist()
    digest = trainer.identity(asked.recipe).data
    facts = about(asked.name, data_digest=digest, seeds=seeds, began=began)
    return write_sweep_report(
        folder,
        facts,
        found.trials,
        factors,
        found.final,
        found.chosen.levels,
        found.notes,
        objective=asked.goal,
    )
