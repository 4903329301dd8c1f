"""What a comparison of recipes has found: errors, verdicts, the table, the files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

from training.console import figures_table, say, show
from training.errors import TrainingError
from training.experiments.comparison.plan import Plan
from training.experiments.comparison.verdict import Verdict, verdicts
from training.experiments.queue import Queue, Result


@dataclass(frozen=True)
class Outcome:
    """The result of a comparison.

    Attributes:
        errors: `split`, then a column for each recipe: the error in percent; NaN where the training
            has failed.
        verdicts: for each pair of recipes.
        seconds: of all trainings of each recipe, by its label.
        failures: a line for each training that has failed.
    """

    errors: pd.DataFrame
    verdicts: Sequence[Verdict]
    seconds: dict[str, float]
    failures: Sequence[str]


def outcome(plan: Plan, results: Sequence[Result]) -> Outcome:
    """Collect the results of a queue.

    Raises:
        TrainingError: all trainings of a recipe have failed.
    """
    labels = [competitor.label for competitor in plan.competitors]
    errors = pd.DataFrame({"split": range(1, plan.splits + 1)})
    errors = errors.assign(**dict.fromkeys(labels, np.nan))
    seconds, failures = dict.fromkeys(labels, 0.0), []
    for result in results:
        competitor, number = plan.what(result.position)
        if result.value is None:
            failures.append(f"split {number}, {competitor.label}: {result.reason}")
            continue
        errors.loc[number - 1, competitor.label] = result.value
        seconds[competitor.label] += result.facts.get("seconds", 0.0)
    for label in labels:
        if errors[label].isna().all():
            raise TrainingError(f"all trainings of {label} have failed: {failures[0]}")
    by_label = {label: errors[label].to_numpy(float) for label in labels}
    return Outcome(errors, verdicts(by_label, plan.ratio), seconds, failures)


def show_outcome(found: Outcome, plan: Plan, console: Console) -> None:
    """Print the table of errors, and what follows from them."""
    for line in found.failures:
        say(console, f"failed: {line}")
    say(
        console,
        f"error on {plan.splits} random splits of {plan.photos:,} photos,"
        f" {plan.share:.0%} to train on",
    )
    table = figures_table("recipe", "mean error", "standard deviation", "splits", "s a training")
    table.columns[0].overflow = "fold"  # Labels may differ only in their ends.
    for label, seconds in found.seconds.items():
        errors = found.errors[label].dropna()
        spread = f"{errors.std():.2f}" if len(errors) > 1 else "–"
        row = (f"{errors.mean():.2f}%", spread, f"{len(errors)}", f"{seconds / len(errors):.1f}")
        table.add_row(label, *row)
    show(console, table)
    if len(found.verdicts) > 1:
        show(console, _pairs(found.verdicts))
    for verdict in found.verdicts:
        say(console, verdict.sentence)
    only = found.verdicts[0]
    if len(found.verdicts) == 1 and not math.isnan(only.p):
        say(
            console, f"corrected paired t test: p = {only.p:.2g}, Cohen's d {only.effect_size:+.2f}"
        )


def _pairs(found: Sequence[Verdict]) -> Table:
    table = figures_table("A", "B", "A minus B", "95% interval", "p", "Holm", "Cohen's d")
    for verdict in found:
        table.add_row(
            verdict.a,
            verdict.b,
            f"{verdict.difference:+.2f}",
            f"{verdict.low:+.2f} to {verdict.high:+.2f}",
            f"{verdict.p:.2g}",
            f"{verdict.p_corrected:.2g}",
            f"{verdict.effect_size:+.2f}",
        )
    return table


def conclude(plan: Plan, queue: Queue, output: Path, console: Console) -> Outcome:
    """Show what the trainings of a queue have found, and write the report.

    Raises:
        TrainingError: all trainings of a recipe have failed, or the report can't be written.
    """
    from training.experiments.report import about, write_comparison_report

    results = queue.results()
    found = outcome(plan, results)
    show_outcome(found, plan, console)
    times = [time for each in results for time in (each.began, each.ended) if time]
    seconds = (max(times) - min(times)).total_seconds()
    described = about(plan.name, data_digest=plan.data_digest, began=min(times), seconds=seconds)
    notes = [
        f"Each recipe was trained on {plan.splits} random splits (not stratified) of the photos for"
        f" training and validation, {plan.share:.0%} of {plan.photos:,} photos to train on; the"
        " error is that on the rest. The test photos were not looked at.",
        "The seed of each training is the number of its split.",
        *(f"Failed: {line}" for line in found.failures),
    ]
    page = write_comparison_report(output, described, found.errors, found.verdicts, notes)
    say(console, f"report: {page}")
    return found
