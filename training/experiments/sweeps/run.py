"""Running a sweep: the trials, the chosen setting, its evaluation."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
from rich.console import Console

from training.console import counted, say
from training.errors import TrainingError
from training.experiments.queue import Claim, Result, finished_elsewhere
from training.experiments.sweeps.final import evaluate_final, final_recipes, open_final
from training.experiments.sweeps.plan import epochs_to_fit
from training.experiments.sweeps.progress import TrialLines, changes_text, fitting
from training.experiments.sweeps.results import Chosen, chosen, trials_frame
from training.experiments.sweeps.sweep import Sweep
from training.experiments.sweeps.trial import Trainer

_IN_HISTORY = {"validation_accuracy": "val_accuracy", "validation_loss": "val_loss"}


@dataclass(frozen=True)
class SweepResult:
    """What a sweep has found.

    Attributes:
        trials: a row for each trial (`results.trials_frame`).
        chosen: the best of them.
        final: a row for each seed of the chosen setting (`final.evaluate_final`); None if it was
            not to be evaluated.
        notes: lines for people, such as which trials failed.
    """

    trials: pd.DataFrame
    chosen: Chosen
    final: pd.DataFrame | None
    notes: tuple[str, ...] = ()


def prepare(sweep: Sweep, trainer: Trainer) -> None:
    """Load the data of a sweep, and compute the features of each backbone in it, once.

    Raises:
        TrainingError: the data can't be loaded, or has no validation photos.
    """
    prepared = set()
    for recipe in [sweep.recipe, *(trial.setting.recipe for trial in sweep.plan)]:
        needs = recipe.held_out, recipe.split_seed, str(recipe.network), recipe.augmentation
        if recipe.head is None:
            needs = recipe.held_out, recipe.split_seed, "", recipe.augmentation
        if needs not in prepared:
            trainer.prepare(recipe)
        prepared.add(needs)


def dry_run(sweep: Sweep, trainer: Trainer, seeds: int) -> list[str]:
    """Say how many epochs a sweep will be fitted for, and train nothing.

    Raises:
        UsageError: a setting is wrong.
        TrainingError: the data can't be loaded.
    """
    if sweep.space:
        most, trials = sweep.trials * sweep.recipe.epochs, counted(sweep.trials, "trial")
        fewer = ", fewer because hopeless trials end early" if sweep.pruning else ""
        lines = [f"{trials}: at most {counted(most, 'epoch')} to fit{fewer}"]
    else:
        trainer.prepare(sweep.recipe)
        known = [trainer.epochs_known(trial.setting.recipe) for trial in sweep.plan]
        lines = [_planned_line(sweep, number) for number in range(len(sweep.plan))]
        lines = [f"{line}{_known_text(have)}" for line, have in zip(lines, known, strict=True)]
        fitted = epochs_to_fit(sweep.plan, known)
        separate = sum(trial.setting.recipe.epochs for trial in sweep.plan)
        trials = counted(len(sweep.plan), "trial")
        lines.append(
            f"{trials}: {counted(fitted, 'epoch')} to fit; separate runs would take {separate:,}"
        )
    if seeds:
        lines.append(f"then the best setting with {counted(seeds, 'seed')}, on test photos too")
    return lines


def work_on(
    sweep: Sweep, storage: str, trainer: Trainer, seeds: int, console: Console
) -> SweepResult:
    """Train until all trials of a sweep have ended, then evaluate the best setting.

    Any number of processes may do that at the same time.

    Args:
        sweep: what is asked.
        storage: address of the database.
        trainer: fits the trials.
        seeds: number of final runs; 0: no test photo is looked at.
        console: has a line for each trial that ends, and a bar in terminals.

    Raises:
        UsageError: there is another study of this name.
        TrainingError: a step failed in a way that would end the other trials as well, or all have
            failed; the same command goes on.
    """
    prepare(sweep, trainer)
    queue = sweep.open(storage, trainer.identity(sweep.recipe))
    lines = TrialLines(sweep, queue, console)
    while claim := queue.claim():
        lines.show()
        try:
            with claim as trial:
                _train(sweep, trial, storage, trainer, console)
        except TrainingError:
            if queue.results()[claim.position].state != "failed":
                raise  # It is not about this trial.
    results = lines.show()
    best = chosen(sweep, results)
    name = changes_text(sweep.recipe_of(best.position, best.params), sweep.recipe)
    say(console, f"the best: trial {best.position + 1}, {name or 'as in the recipe'}")
    final = _evaluated(sweep, best, storage, trainer, seeds, console) if seeds else None
    return SweepResult(trials_frame(sweep, results), best, final, tuple(_notes(results)))


def _train(sweep: Sweep, trial: Claim, storage: str, trainer: Trainer, console: Console) -> None:
    """Fit the network of one trial, or take over the figures of the same one elsewhere."""
    recipe = sweep.recipe_of(trial.position, trial.params)
    key = trainer.identity(recipe).key
    if earlier := finished_elsewhere(storage, key):
        trial.finish(float(earlier.facts[sweep.goal]), **earlier.facts)
        return
    name = f"trial {trial.position + 1}  {changes_text(recipe, sweep.recipe)}"
    with fitting(console, name, recipe.epochs) as show:

        def after_epoch(entry: dict[str, float]) -> None:
            show(int(entry["epoch"]), recipe.epochs)
            if sweep.space:
                trial.report(int(entry["epoch"]), entry[_IN_HISTORY[sweep.goal]])
                if trial.hopeless():
                    raise _Hopeless("ended early by a search")

        try:
            found = trainer.fit(recipe, after_epoch)
        except _Hopeless:
            found = trainer.figures(recipe)
    value = found[sweep.goal]
    trial.finish(math.nan if value is None else value, **found)


def _evaluated(
    sweep: Sweep, best: Chosen, storage: str, trainer: Trainer, seeds: int, console: Console
) -> pd.DataFrame:
    recipes = final_recipes(sweep, best, seeds)
    queue = open_final(sweep, recipes, storage, best)
    final = evaluate_final(queue, recipes, trainer, console)
    for row in final.to_dict("records"):
        say(
            console,
            "seed {seed}: validation {validation_accuracy:.2%}, test {test_accuracy:.2%}"
            " (95%: {test_low:.2%} to {test_high:.2%})".format(**row),
        )
    return final


def _planned_line(sweep: Sweep, position: int) -> str:
    trial = sweep.plan[position]
    name = changes_text(trial.setting.recipe, sweep.recipe) or "as in the recipe"
    line = f"trial {position + 1}  {name}  {counted(trial.epochs, 'epoch')}"
    return f"{line}, going on from trial {trial.after + 1}" if trial.after is not None else line


def _known_text(known: int) -> str:
    return f", {known} of them in an earlier run" if known else ""


def _notes(results: Sequence[Result]) -> Iterator[str]:
    for result in results:
        if result.state == "failed":
            yield f"trial {result.position + 1} failed: {result.reason}"


class _Hopeless(Exception):
    """A trial is not worth going on with."""
