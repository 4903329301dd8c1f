"""The report of a sweep."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from training.experiments.factors import Factor, Goal
from training.experiments.report.about import About
from training.experiments.report.effects import effect_plots, effect_table
from training.experiments.report.files import write_csv
from training.experiments.report.page import write_report
from training.experiments.report.parallel import parallel_plot
from training.experiments.report.search import history_plot, importance_plot
from training.experiments.report.sweep_tables import (
    final_rows,
    front_rows,
    trial_rows,
    unfinished_rows,
)
from training.experiments.report.sweep_words import answer, asked, reading, sweep_facts
from training.experiments.report.tradeoff import tradeoff_plot
from training.experiments.report.trials import Trials, read_trials, shown_label

TRIALS, FINAL = "trials.csv", "final.csv"


def write_sweep_report(
    folder: Path,
    about: About,
    trials: pd.DataFrame,
    factors: Sequence[Factor],
    final: pd.DataFrame | None,
    chosen: Mapping[str, str],
    notes: Sequence[str] = (),
    *,
    goal: Goal = "validation_accuracy",
    own: Mapping[str, str] | None = None,
) -> Path:
    """Write `report.html`, its plots as PNG files, and `trials.csv`; return the page's path.

    Args:
        folder: of the study; it is created.
        about: how to repeat the study.
        trials: a row for each trial: `number`, a column of labels for each factor, `epochs`,
            `validation_loss`, `validation_accuracy` (a fraction), `seconds` of fitting,
            `parameters` (weights of the network), `state` (`done`, `failed`, `pruned`, `running`
            or `waiting`), `run`, and optionally `reason` (why it failed or was pruned).
        factors: what varies; one without levels has numbers from a range, which were searched.
        final: a row for each seed of the chosen setting: `seed`, `validation_accuracy`,
            `test_accuracy`, `test_low` and `test_high` (fractions, 95% interval), `seconds`,
            `run`; written to `final.csv`. None if it has not been evaluated on test photos.
        chosen: the label of the level of each factor; empty if nothing is chosen yet.
        notes: lines for the reader.
        goal: by which the setting was chosen.
        own: the labels of the recipe's own levels; those that are unknown are guessed if one
            factor at a time varies.

    Raises:
        TrainingError: a file can't be written.
    """
    read = read_trials(trials, factors, goal, own or {})
    mark = _trial_of(read, chosen)
    tables = {TRIALS: trials, **({} if final is None else {FINAL: final})}
    for name, table in tables.items():
        write_csv(table, folder / name)
    effects = effect_plots(read, mark, _noise(final))
    importance = importance_plot(read) if read.searches else None
    history = history_plot(read) if read.searches else None
    tradeoff, parallel = tradeoff_plot(read), parallel_plot(read)
    single = [each for each in (importance, history, tradeoff, parallel) if each]
    return write_report(
        folder,
        "sweep.html",
        about,
        plots=[*effects, *single],
        tables=list(tables),
        notes=notes,
        asked=asked(read),
        answer=answer(read, chosen, mark, final),
        facts=sweep_facts(read),
        final_rows=final_rows(final),
        effects=effects,
        searched=read.searches,
        reading=reading(read, _noise(final)),
        effect_table=effect_table(read),
        importance=importance,
        history=history,
        tradeoff=tradeoff,
        front=front_rows(read),
        reference=bool(read.reference),
        parallel=parallel,
        **trial_rows(read, mark),
        unfinished=unfinished_rows(read),
    )


def _trial_of(trials: Trials, setting: Mapping[str, str]) -> int | None:
    """Return the index of the best finished trial with a setting."""
    rows = trials.finished
    for factor in trials.factors:
        if factor.name in setting:
            rows = rows[rows[factor.name] == shown_label(factor, setting[factor.name])]
    return int(rows.index[0]) if setting and len(rows) else None


def _noise(final: pd.DataFrame | None) -> float | None:
    """Return the standard deviation of the validation accuracy over seeds."""
    if final is None or final["validation_accuracy"].notna().sum() < 2:
        return None
    return float(final["validation_accuracy"].std())
