"""Running a sweep: the trials, the chosen setting, its evaluation."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
from training.experiments.sweeps.trial import Figures, Trainer
from training.progress_bars import ProgressCallback
from training.recipe import Recipe

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
        seconds: from the beginning of the first trial to the end of the last one.
    """

    trials: pd.DataFrame
    chosen: Chosen
    final: pd.DataFrame | None
    notes: tuple[str, ...] = ()
    seconds: float = 0.0


def prepare(sweep: Sweep, trainer: Trainer) -> None:
    """Load the data of a sweep, and compute the features of each backbone in it, once.

    Raises:
        TrainingError: the data can't be loaded, or has no validation photos.
    """
    prepared = set()
    for recipe in [sweep.recipe, *(trial.setting.recipe for trial in sweep.plan)]:
        needs: tuple[Any, ...] = (recipe.held_out, recipe.split_seed)
        if recipe.head:
            features = recipe.network, recipe.fine_tuning, recipe.head.pooling
            needs += (*features, recipe.augmentation)
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
        most, trials = sweep.trials * sweep.most_epochs, counted(sweep.trials, "trial")
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


class OpenSweep:
    """A sweep with its photos loaded and its study opened.

    Args:
        sweep: what is asked.
        storage: address of the database.
        trainer: fits the trials.
        seeds: number of final runs; 0: no test photo is looked at.
        console: has a line for each trial that ends, and a bar in terminals.

    Raises:
        UsageError: there is another study of this name.
        TrainingError: the photos or the database can't be used.
    """

    def __init__(
        self, sweep: Sweep, storage: str, trainer: Trainer, seeds: int, console: Console
    ) -> None:
        prepare(sweep, trainer)
        self._sweep = sweep
        self._storage = storage
        self._trainer = trainer
        self._seeds = seeds
        self._console = console
        self._queue = sweep.open(storage, trainer.identity(sweep.recipe))
        self._lines = TrialLines(sweep, self._queue, console)

    def show(self) -> None:
        """Print a line for each trial that has ended since the last time, in any process."""
        self._lines.show()

    def work(self) -> SweepResult:
        """Train until all trials have ended, then evaluate the best setting.

        Any number of processes may do that at the same time.

        Raises:
            TrainingError: a step failed in a way that would end the other trials as well, or all
                have failed; the same command goes on.
        """
        while claim := self._queue.claim():
            self.show()
            try:
                with claim as trial:
                    self._train(trial)
            except TrainingError:
                if self._queue.results()[claim.position].state != "failed":
                    raise  # It is not about this trial.
        results = self._lines.show()
        best = chosen(self._sweep, results)
        name = self._name(best.position, best.params)
        say(self._console, f"the best: trial {best.position + 1}, {name or 'as in the recipe'}")
        final = self._evaluated(best) if self._seeds else None
        trials = trials_frame(self._sweep, results)
        return SweepResult(trials, best, final, tuple(_notes(results)), _seconds(results))

    def _train(self, trial: Claim) -> None:
        """Fit the network of a trial, or take over the figures of the same one elsewhere."""
        recipe = self._sweep.recipe_of(trial.position, trial.params)
        key = self._trainer.identity(recipe).key
        found: Figures
        if earlier := finished_elsewhere(self._storage, key):
            found = dict(earlier.facts)
        else:
            name = f"trial {trial.position + 1}  {self._name(trial.position, trial.params)}"
            with fitting(self._console, name, recipe.epochs) as show:
                found = self._fitted(trial, recipe, show)
        value = found[self._sweep.goal]
        trial.finish(math.nan if value is None else value, **found)

    def _fitted(self, trial: Claim, recipe: Recipe, show: ProgressCallback) -> Figures:
        def after_epoch(entry: dict[str, float]) -> None:
            epoch = int(entry["epoch"])
            show(epoch, recipe.epochs)
            if self._sweep.space:
                value = entry[_IN_HISTORY[self._sweep.goal]]  # None: it was not finite.
                trial.report(epoch, math.nan if value is None else value)
                if trial.hopeless():
                    raise _Hopeless("ended early by a search")

        try:
            return self._trainer.fit(recipe, after_epoch)
        except _Hopeless:
            return self._trainer.figures(recipe)

    def _evaluated(self, best: Chosen) -> pd.DataFrame:
        recipes = final_recipes(self._sweep, best, self._seeds)
        queue = open_final(self._sweep, recipes, self._storage, best)
        final = evaluate_final(queue, recipes, self._trainer, self._console)
        for row in final.itertuples():
            say(
                self._console,
                f"seed {row.seed}: validation {row.validation_accuracy:.2%}, test"
                f" {row.test_accuracy:.2%} (95%: {row.test_low:.2%} to {row.test_high:.2%})",
            )
        return final

    def _name(self, position: int, params: Mapping[str, Any]) -> str:
        return changes_text(self._sweep.recipe_of(position, params), self._sweep.recipe)


def _seconds(results: Sequence[Result]) -> float:
    """Return the time from the first trial's beginning to the last one's end."""
    began = [result.began for result in results if result.began]
    ended = [result.ended for result in results if result.ended]
    return (max(ended) - min(began)).total_seconds() if began and ended else 0.0


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
