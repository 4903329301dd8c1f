"""The report of a sweep, from what it has found."""

from collections.abc import Sequence
from pathlib import Path

from training.experiments.factors import Factor, own_level
from training.experiments.report import about, write_sweep_report
from training.experiments.sweeps.run import SweepResult
from training.experiments.sweeps.sweep import Sweep
from training.experiments.sweeps.trial import Trainer


def write_report(
    sweep: Sweep, result: SweepResult, trainer: Trainer, output: Path, notes: Sequence[str] = ()
) -> Path:
    """Write the report into a folder, and return the path of its page.

    Raises:
        TrainingError: a file can't be written.
    """
    seeds = [sweep.recipe.seed] if result.final is None else [*result.final["seed"]]
    described = about(
        sweep.name,
        data_digest=trainer.identity(sweep.recipe).data,
        seeds=seeds,
        seconds=result.seconds,
    )
    factors = sweep.factors or [Factor(name, ()) for name in sweep.space]
    return write_sweep_report(
        output,
        described,
        result.trials,
        factors,
        result.final,
        result.chosen.levels,
        [*notes, *result.notes],
        goal=sweep.goal,
        own={factor.name: own_level(sweep.recipe, factor) for factor in factors},
    )
