"""Accuracy against the time of fitting, with the Pareto front."""

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from matplotlib.transforms import Bbox

from training.experiments.report.plots import Plot, logarithmic, shortened, style
from training.experiments.report.trials import Trials, is_logarithmic
from training.report.pictures import LIGHT

_LONGEST = 30  # Characters of a label in the plot; a longer one is the trial's number.
_SIDES: tuple[Literal["center"], Literal["left"], Literal["right"]] = ("center", "left", "right")
_OFFSETS = [  # From a point to its label, points: where labels are tried, the best first.
    (away * x, away * y)
    for away in (9, 16, 26, 38, 52)
    for x, y in ((-1, 0.6), (1, -0.8), (-1, -0.8), (1, 0.8), (0, 1), (0, -1.2))
]


def pareto_front(trials: Trials) -> pd.DataFrame:
    """Return the finished trials that no other one beats in both time and accuracy, fastest first.

    Of equal ones the first counts.
    """
    figures = trials.finished.dropna(subset=["validation_accuracy", "seconds"])
    ordered = figures.sort_values(
        ["seconds", "validation_accuracy"], ascending=[True, False], kind="stable"
    )
    before = ordered["validation_accuracy"].cummax().shift(fill_value=-np.inf)
    return ordered[ordered["validation_accuracy"] > before]


def tradeoff_plot(trials: Trials) -> Plot | None:
    """Return the plot of validation accuracy against seconds; None without such figures."""
    if pareto_front(trials).empty:
        return None
    alt = "validation accuracy against seconds of fitting, with the Pareto front"
    return Plot("accuracy-by-time", alt, (8, 4.6), partial(_draw, trials))


def _draw(trials: Trials, figure: Figure) -> None:
    figures = trials.finished.dropna(subset=["validation_accuracy", "seconds"])
    front = pareto_front(trials)
    axes = figure.add_subplot()
    style(axes)
    seconds = figures["seconds"]
    if is_logarithmic(seconds):
        logarithmic(axes, "x", seconds.max() / seconds.min())
    rest = figures.drop(index=front.index)
    axes.plot(rest["seconds"], rest["validation_accuracy"], "o", color=LIGHT.other, markersize=5)
    axes.step(
        front["seconds"], front["validation_accuracy"], where="post", color=LIGHT.right, alpha=0.6
    )
    axes.plot(front["seconds"], front["validation_accuracy"], "D", color=LIGHT.right, markersize=6)
    axes.margins(0.14, 0.1)
    axes.set(xlabel="seconds of fitting", ylabel="validation accuracy")
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    figure.draw_without_rendering()  # Places of labels need the final layout.
    figure.set_layout_engine("none")
    _label(axes, trials, front, taken=_boxes(axes, figures, figure.dpi / 72))


def _boxes(axes: Axes, figures: pd.DataFrame, pixel: float) -> list[Bbox]:
    """Return where the points are, in pixels; `pixel` is how many of them a point of type has."""
    points = axes.transData.transform(figures[["seconds", "validation_accuracy"]].to_numpy())
    return [Bbox.from_extents(*(point - 4 * pixel), *(point + 4 * pixel)) for point in points]


def _label(axes: Axes, trials: Trials, front: pd.DataFrame, taken: list[Bbox]) -> None:
    """Label the front, each where no other label and no point is; crowded ones not at all."""
    for _, row in front[::-1].iterrows():  # The most accurate ones first.
        words = trials.described(row)
        text = words if len(words) <= _LONGEST else f"#{row['number']}"
        for x, y in _OFFSETS:
            label = axes.annotate(
                shortened(text, _LONGEST),
                (row["seconds"], row["validation_accuracy"]),
                (x, y),
                textcoords="offset points",
                fontsize=9,
                horizontalalignment=_SIDES[int(np.sign(x))],
                verticalalignment="center",
            )
            box = label.get_window_extent().padded(1)
            inside = all(axes.bbox.contains(*corner) for corner in box.corners())
            if inside and not box.count_overlaps(taken):
                taken.append(box)
                break
            label.remove()
