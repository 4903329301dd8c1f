"""`sweep`: a recipe trained with many settings, and the best of them evaluated once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from training.errors import UsageError
from training.experiments.study_folder import make_folder, study_folder
from training.python_api.chosen_recipe import AnyRecipe, Photos
from training.python_api.session import Device, console, devices, quiet_imports
from training.python_api.trained_run import TrainedRun
from training.recipe import Recipe


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
    goal: Literal["accuracy", "loss"] | None = None,
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
        recipe: its name, the path of a recipe's file, or a recipe; without a grid or a search, the
            name of a ready-made study such as `clothing-course`, or the path of a study's file.
        grid: the values of each setting that varies, such as `{"epochs": [5, 10]}`: all
            combinations are trained.
        search: instead of a grid, what a sampler draws settings from: a range, such as
            `{"learning_rate": "1e-4..1e-2:log"}`, or a list of values.
        one_at_a_time: vary each setting of the grid alone, the others as in the recipe.
        trials: number of trials of a search.
        pruning: end hopeless trials of a search early.
        goal: what the best setting is best in, on the validation photos; None: the accuracy, or
            what the study says.
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
    if seeds < 0 or trials < 1:
        raise UsageError(f"seeds are at least 0 and trials at least 1, not {seeds} and {trials}")
    what = Photos(photos, data, model, shape, preparation)
    with quiet_imports():
        from training.python_api.asked_sweep import checked_sweep

        wanted, left_out = checked_sweep(
            recipe,
            what,
            settings,
            seed,
            grid or {},
            search or {},
            one_at_a_time=one_at_a_time,
            trials=trials,
            pruning=pruning,
            goal=goal,
            name=study,
        )
    with devices(device, deterministic=deterministic) as used:
        from training.experiments.sweeps.report import write_report
        from training.experiments.sweeps.run import OpenSweep
        from training.experiments.sweeps.trial import Trainer
        from training.pipeline.loaded_data import KeptData
        from training.pipeline.run_options import Paths, RunOptions

        folder, address = study_folder(wanted.name, output, storage)
        make_folder(folder)
        shown = console(progress)
        options = RunOptions(used, deterministic=deterministic, load=KeptData())
        trainer = Trainer(Paths(what.folder, Path("models"), Path(runs)), options, shown)
        found = OpenSweep(wanted, address, trainer, seeds, shown).work()
        page = write_report(wanted, found, trainer, folder, left_out)
    best = wanted.recipe_of(found.chosen.position, found.chosen.params)
    return SweepStudy(
        found.trials,
        found.chosen.levels,
        found.final,
        None if found.final is None else TrainedRun(_run(runs, best, found.final), best),
        page,
        (*left_out, *found.notes),
    )


def _run(runs: str | Path, recipe: Recipe, final: pd.DataFrame) -> Path:
    return Path(runs) / recipe.name / str(final["run"].iloc[0])
