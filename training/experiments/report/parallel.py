"""Parallel coordinates: every trial is a line through its levels to its accuracy or loss."""

from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import LogLocator, MaxNLocator

from training.experiments.factors import Factor, Goal
from training.experiments.report.effects import METRICS
from training.experiments.report.plots import Plot, shade, shortened, style
from training.experiments.report.trials import Trials, is_logarithmic, numbers
from training.report.pictures import LIGHT

_FEWEST, _FEW = 2, 40  # Trials that are worth a plot; those with full lines.
_SPREAD = 0.55  # Of the distance of two levels: how far apart lines through one level run.
_MAX_LEVELS = 24  # Labels of one axis.
Ticks = list[tuple[float, str]]


def parallel_plot(trials: Trials) -> Plot | None:
    """Return the plot of all finished trials; None if there are fewer than two."""
    if len(trials.finished) < _FEWEST or not trials.factors:
        return None
    alt = f"parallel coordinates of {', '.join(trials.names)} and {METRICS[trials.goal]}"
    width = 2.1 * (len(trials.factors) + 1) + 0.6
    return Plot("parallel-coordinates", alt, (max(width, 6.4), 4.8), partial(_draw, trials))


def _draw(trials: Trials, figure: Figure) -> None:
    axes = figure.add_subplot()
    style(axes)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    worst_first = trials.finished[::-1]
    goodness = np.linspace(0, 1, len(worst_first))  # By rank: outliers would hide the others.
    columns = [_factor_axis(trials, factor, worst_first) for factor in trials.factors]
    columns.append(_goal_axis(worst_first[trials.goal], trials.goal))
    heights = np.column_stack([heights for heights, _ in columns])
    for line, good in zip(heights, goodness, strict=True):
        last = good == 1
        strong = 1.0 if last else 0.75 if len(heights) <= _FEW else 0.45
        width = 2.8 if last else 1.3
        _draw_line(axes, line, shade(good), strong, width)
    names = [*trials.names, METRICS[trials.goal]]
    for place, (name, (_, ticks)) in enumerate(zip(names, columns, strict=True)):
        _draw_axis(axes, place, name, ticks)
    axes.set(xlim=(-0.25, len(names) - 0.55), ylim=(-0.04, 1.04), xticks=(), yticks=())


def _draw_line(axes: Axes, heights: np.ndarray, colour: str, alpha: float, width: float) -> None:
    """Draw a line that runs level where it meets an axis, which tells crossing lines apart."""
    points, codes = [(0.0, heights[0])], [Path.MOVETO]
    for place in range(1, len(heights)):
        before, now = heights[place - 1], heights[place]
        points += [(place - 0.5, before), (place - 0.5, now), (place, now)]
        codes += [Path.CURVE4] * 3
    axes.add_patch(
        PathPatch(
            Path(points, codes), facecolor="none", edgecolor=colour, alpha=alpha, linewidth=width
        )
    )


def _draw_axis(axes: Axes, place: int, name: str, ticks: Ticks) -> None:
    axes.plot([place, place], [0, 1], color=LIGHT.ink, linewidth=1, zorder=3)
    paper = {"facecolor": LIGHT.ground, "edgecolor": "none", "alpha": 0.8, "pad": 1}
    for height, label in ticks:
        axes.plot([place, place + 0.02], [height, height], color=LIGHT.ink, linewidth=1, zorder=3)
        text = shortened(label, 18)
        axes.text(place + 0.04, height, text, size=8.5, va="center", bbox=paper, zorder=4)
    words = shortened(name, 44)
    if len(words) > 20:  # In two lines, broken where a word ends.
        breaks = [i + 1 for i, each in enumerate(words) if each in "._ "] or [len(words) // 2]
        middle = min(breaks, key=lambda i: abs(i - len(words) / 2))
        words = f"{words[:middle]}\n{words[middle:]}"
    axes.text(place, 1.06, words, size=9.5, ha="center", va="bottom", clip_on=False)


def _factor_axis(trials: Trials, factor: Factor, rows: pd.DataFrame) -> tuple[np.ndarray, Ticks]:
    """Return the height of each row on the axis of a factor, from 0 to 1, and the ticks."""
    if trials.is_searched(factor):
        return _number_axis(numbers(rows[factor.name]))
    labels = trials.labels(factor, rows)
    steps = max(len(labels) - 1, 1)
    middle = 0.5 if len(labels) == 1 else 0.0
    heights = np.empty(len(rows))
    distance = _SPREAD / steps
    for index, label in enumerate(labels):
        mine = (rows[factor.name] == label).to_numpy()
        # The best run above the others through the same level; outermost levels keep inside.
        offsets = distance * (np.linspace(-0.5, 0.5, mine.sum()) if mine.sum() > 1 else 0)
        heights[mine] = middle + index / steps + offsets
    ticks = [(middle + index / steps, label) for index, label in enumerate(labels)]
    low, high = min(0.0, heights.min()), max(1.0, heights.max())
    scaled = [((height - low) / (high - low), label) for height, label in ticks]
    return (heights - low) / (high - low), scaled[:: -(-len(scaled) // _MAX_LEVELS)]


def _goal_axis(values: pd.Series, goal: Goal) -> tuple[np.ndarray, Ticks]:
    """Return heights of the accuracy or loss, the best on top."""
    if goal == "validation_accuracy":
        return _number_axis(values, "{:.1%}" if values.max() - values.min() > 0.02 else "{:.2%}")
    heights, ticks = _number_axis(values)
    return 1 - heights, [(1 - height, label) for height, label in ticks]


def _number_axis(values: pd.Series, form: str = "{:.4g}") -> tuple[np.ndarray, Ticks]:
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.full(len(values), 0.5), [(0.5, form.format(low))]
    logarithmic = is_logarithmic(values)
    locator = LogLocator(subs=(1, 3)) if logarithmic else MaxNLocator(6, steps=[1, 2, 5, 10])
    inside = [each for each in locator.tick_values(low, high) if low <= each <= high]
    read = np.log if logarithmic else np.asarray

    def height(value: float) -> float:
        return float((read(value) - read(low)) / (read(high) - read(low)))

    return values.map(height).to_numpy(), [(height(each), form.format(each)) for each in inside]
