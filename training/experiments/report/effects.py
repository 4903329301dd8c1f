"""The effect of each factor of a sweep, with its spread."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import FigureBase
from matplotlib.ticker import PercentFormatter

from training.experiments.factors import Factor
from training.experiments.report.plots import Plot, Row, file_name, logarithmic, shortened, style
from training.experiments.report.trials import Trials, is_logarithmic, numbers
from training.report.pictures import LIGHT

METRICS = {
    "validation_accuracy": "validation accuracy",
    "validation_loss": "validation loss",
    "seconds": "seconds of fitting",
}

_FEWEST = 5  # Trials of a level that have a box.
_LONG = 54  # Characters of labels that fit side by side, with two between them.


def effect_plots(trials: Trials, chosen: int | None, noise: float | None) -> list[Row]:
    """Return for each factor the plots of accuracy, loss and seconds over its levels.

    Args:
        trials: of the sweep; without finished ones there are no plots.
        chosen: index of the trial that is marked.
        noise: standard deviation of the validation accuracy over the seeds of one setting.
    """
    effects = (
        [_Effect(trials, factor, metric, chosen, noise) for metric in METRICS]
        for factor in trials.factors
    )
    rows = [[each.plot for each in row if not each.rows.empty] for row in effects]
    names = [f"effect-{file_name(name)}" for name in trials.names]
    named = zip(names, trials.names, rows, strict=True)
    return [Row(name, title, plots) for name, title, plots in named if plots]


def effect_table(trials: Trials) -> list[dict[str, str]]:
    """Return for each factor its best and its worst level by the mean validation accuracy."""
    table = []
    for factor in trials.factors:
        rows = trials.alone(factor)
        accuracies = rows.groupby(factor.name)["validation_accuracy"]
        means = accuracies.mean().dropna()
        if trials.is_searched(factor) or len(means) < 2:
            continue
        spread = accuracies.std().dropna()
        ordered = [(float(mean), str(label)) for label, mean in means.items()]
        (high, best), (low, worst) = max(ordered), min(ordered)
        table.append(
            {
                "factor": factor.name,
                "best": f"{best}: {high:.2%}",
                "worst": f"{worst}: {low:.2%}",
                "difference": f"{100 * (high - low):.2f}",
                "spread": f"{100 * spread.mean():.2f}" if len(spread) else "–",
            }
        )
    return sorted(table, key=lambda row: -float(row["difference"]))


@dataclass(frozen=True)
class _Effect:
    """A plot of one figure of the trials that tell the effect of a factor."""

    trials: Trials
    factor: Factor
    metric: str
    chosen: int | None
    noise: float | None

    @cached_property
    def rows(self) -> pd.DataFrame:
        rows = self.trials.alone(self.factor)
        return rows[rows[self.metric].notna()]

    @property
    def plot(self) -> Plot:
        name = f"effect-{file_name(self.factor.name)}-{self.metric.replace('_', '-')}"
        return Plot(name, f"{METRICS[self.metric]} by {self.factor.name}", (4.6, 3.2), self.draw)

    def draw(self, figure: FigureBase) -> None:
        axes = figure.add_subplot()
        style(axes, METRICS[self.metric])
        searched = self.trials.is_searched(self.factor)
        xs = self.draw_slice(axes) if searched else self.draw_levels(axes)
        axes.set_xlabel(shortened(self.factor.name, 40))
        scale(axes, self.metric, self.rows[self.metric])
        if self.chosen is None or self.chosen not in self.rows.index:
            return
        value = self.rows[self.metric][self.chosen]
        axes.plot(
            xs[self.chosen], value, "o", ms=11, mfc="none", mec=LIGHT.right, mew=1.6, zorder=4
        )
        if self.metric == "validation_accuracy" and self.noise:
            ends = value - self.noise, value + self.noise
            axes.axhspan(*ends, color=LIGHT.other, alpha=0.25, linewidth=0, zorder=0)

    def draw_levels(self, axes: Axes) -> pd.Series:
        """Draw the trials of each level, their mean, and a box where they are many."""
        labels = self.trials.labels(self.factor, self.rows)
        of_rows = self.rows[self.factor.name]
        groups = [self.rows[self.metric][of_rows == label].to_numpy() for label in labels]
        boxes = min(map(len, groups)) >= _FEWEST
        if boxes:
            _draw_boxes(axes, groups)
        means = [group.mean() for group in groups]
        axes.plot(range(len(labels)), means, "-", color=LIGHT.other, linewidth=1.4)
        xs = of_rows.map(labels.index).astype(float)
        if len(xs) > len(labels):
            xs += _jitter(len(xs))
        size, alpha = (4, 0.55) if boxes else (6, 1)
        axes.plot(xs, self.rows[self.metric], "o", color=LIGHT.right, markersize=size, alpha=alpha)
        own = self.trials.own_level(self.factor)
        _label_levels(axes, labels, own)
        if own in labels:
            axes.axvline(labels.index(own), color=LIGHT.ink, linestyle=":", linewidth=1, zorder=1)
        axes.set_xlim(-0.6, len(labels) - 0.4)
        axes.grid(visible=False, axis="x")
        return xs

    def draw_slice(self, axes: Axes) -> pd.Series:
        """Draw the trials over the numbers that were searched."""
        values = numbers(self.rows[self.factor.name])
        if is_logarithmic(values):
            logarithmic(axes, "x", values.max() / values.min())
        axes.plot(values, self.rows[self.metric], "o", color=LIGHT.right, markersize=5, alpha=0.7)
        return values


def _draw_boxes(axes: Axes, groups: Sequence[np.ndarray]) -> None:
    axes.boxplot(
        groups,
        positions=range(len(groups)),
        widths=0.5,
        showfliers=False,
        boxprops={"color": LIGHT.ink, "linewidth": 1},
        whiskerprops={"color": LIGHT.ink, "linewidth": 1},
        capprops={"color": LIGHT.ink, "linewidth": 1},
        medianprops={"color": LIGHT.ink, "linewidth": 2},
    )


def _label_levels(axes: Axes, labels: Sequence[str], own: str | None) -> None:
    names = [shortened(label, 22) for label in labels]
    long = len(names) * (max(map(len, names)) + 2) > _LONG
    between = " " if long else "\n"
    marks = [f"{between}(recipe)" if label == own else "" for label in labels]
    names = [name + mark for name, mark in zip(names, marks, strict=True)]
    axes.set_xticks(range(len(labels)), names, fontsize=9)
    if long:
        for text in axes.get_xticklabels():
            text.set(rotation=35, horizontalalignment="right", rotation_mode="anchor")


def scale(axes: Axes, metric: str, values: pd.Series) -> None:
    """Scale the axis of a figure: accuracies in percent, seconds from 0."""
    if metric == "validation_accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1))
    elif metric == "seconds":
        axes.set_ylim(0, 1.08 * max(values.max(), 1e-9))
    elif is_logarithmic(values):
        logarithmic(axes, "y", values.max() / values.min())


def _jitter(count: int) -> np.ndarray:
    """Return offsets that spread evenly, the same each time: multiples of the golden ratio."""
    return 0.3 * ((np.arange(count) * 0.618034) % 1 - 0.5)
