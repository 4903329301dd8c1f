"""What the report of a sweep says in words: what was asked, and the answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from training.console import counted
from training.experiments.report.effects import METRICS
from training.experiments.report.page import duration
from training.experiments.report.trials import Trials, numbers, shown_label


@dataclass(frozen=True)
class Answer:
    """The chosen setting, empty if there is none, and what is known about it."""

    chosen: str
    sentences: list[str]


def asked(trials: Trials) -> str:
    """Say what the sweep asks."""
    varied = "; ".join(_range(trials, name) for name in trials.names)
    best = "highest" if trials.goal == "validation_accuracy" else "lowest"
    how = "a search in ranges" if trials.searches else "a grid"
    if trials.base is not None and len(trials.factors) > 1:
        how = "one factor at a time, the others as in the recipe"
    elif len(trials.factors) == 1 and not trials.searches:
        how = "one factor"
    aim = f"Which setting has the {best} {METRICS[trials.goal]}?"
    return f"{aim} {counted(len(trials.frame), 'trial')}, {how}: {varied}."


def _range(trials: Trials, name: str) -> str:
    factor = next(each for each in trials.factors if each.name == name)
    if trials.is_searched(factor):
        values = numbers(trials.frame[name])
        return f"{name} from {values.min():.3g} to {values.max():.3g}"
    labels = [level.label for level in factor.levels] or trials.labels(factor, trials.frame)
    return f"{name} {' / '.join(labels)}"


def answer(
    trials: Trials, chosen: Mapping[str, str], mark: int | None, final: pd.DataFrame | None
) -> Answer:
    """Return the chosen setting and its figures.

    Args:
        trials: of the sweep.
        chosen: the label of the level of each factor.
        mark: index of the chosen trial.
        final: the chosen setting's figures by seed; see `write_sweep_report`.
    """
    labels = {
        each.name: shown_label(each, chosen[each.name])
        for each in trials.factors
        if each.name in chosen
    }
    setting = ", ".join(f"{name}={label}" for name, label in labels.items())
    sentences = []
    if mark is not None:
        row: Any = trials.finished.loc[mark]
        figures = [
            form.format(row[name])
            for name, form in _FORMS.items()
            if name in (trials.goal, "validation_accuracy") and pd.notna(row[name])
        ]
        time = f" after {duration(row['seconds'])} of fitting" if pd.notna(row["seconds"]) else ""
        sentences.append(
            f"Trial #{row['number']} has {' and '.join(figures)}{time}. It was chosen by the"
            f" {METRICS[trials.goal]}, which is therefore slightly too good."
        )
    sentences.append(_tested(final))
    return Answer(setting, sentences)


_FORMS = {
    "validation_accuracy": "a validation accuracy of {:.2%}",
    "validation_loss": "a validation loss of {:.4f}",
}


def _tested(final: pd.DataFrame | None) -> str:
    if final is None or final["test_accuracy"].notna().sum() == 0:
        return "The test photos have not been looked at."
    tested = final[final["test_accuracy"].notna()]
    seeds = ", ".join(str(seed) for seed in tested["seed"])
    interval = f"{tested['test_low'].mean():.2%} to {tested['test_high'].mean():.2%}"
    accuracy = f"{tested['test_accuracy'].mean():.2%} of the test photos are right"
    once = (
        "The test photos were looked at once, at the end, for this setting only: no other setting"
        " was evaluated on them."
    )
    if len(tested) == 1:
        return f"Trained with seed {seeds}, {accuracy} (95% interval {interval}). {once}"
    spread = f"{100 * tested['test_accuracy'].std():.2f}"
    return (
        f"Trained with the seeds {seeds}, {accuracy} on average, with a standard deviation of"
        f" {spread} points over the seeds (95% interval for the choice of photos {interval})."
        f" {once}"
    )


def sweep_facts(trials: Trials) -> dict[str, str]:
    """Return the counts of trials by state, and the time of all."""
    states = trials.others["state"].value_counts()
    facts = {"finished trials": f"{len(trials.finished):,}"}
    facts |= {str(state): f"{count:,}" for state, count in states.items()}
    seconds = trials.frame["seconds"]
    if seconds.notna().any():
        facts["fitting all of them separately"] = duration(seconds.sum())
    return facts


def reading(trials: Trials, noise: float | None) -> str:
    """Say how the plots of the effects are read."""
    if trials.searches:
        text = "Each point is a finished trial."
    elif trials.base is not None:
        text = "Each point is a trial that differs from the recipe in this factor alone."
    else:
        text = (
            "Each point is a trial; the line joins the means of the levels. The spread within a"
            " level is that over the levels of the other factors; boxes reach from the"
            " first to the third quartile."
        )
    matched = any(len(trials.alone(each)) < len(trials.finished) for each in trials.factors)
    if trials.base is None and matched:
        text += " Only trials are shown that differ from another one in this factor alone."
    if any(trials.own_level(factor) for factor in trials.factors):
        text += " The dotted line is the recipe's own level."
    text += " The ring is the chosen trial."
    if noise:
        text += (
            f" The grey band is the standard deviation of its accuracy over seeds,"
            f" ±{100 * noise:.2f} points: smaller differences may be chance."
        )
    return text
