"""Reliability diagrams: accuracy by confidence."""

from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from training.report.pictures import LIGHT, Colours, blank_figure, in_both_schemes


def reliability(card: dict[str, Any]) -> list[dict[str, str]]:
    """Draw a model's reliability diagrams, `before` and `after` calibration: see `in_both_schemes`.

    The list is empty for a card without calibration.
    """
    return [
        in_both_schemes(what, (4.6, 3.6), partial(_draw, figures, what))
        for what, figures in _figures(card).items()
    ]


def reliability_picture(card: dict[str, Any], path: Path) -> None:
    """Draw them side by side into a PNG file; nothing for a card without calibration."""
    figures = _figures(card)
    if not figures:
        return
    with blank_figure(LIGHT, (4.2 * len(figures), 3.9)) as figure:
        row = figure.subplots(1, len(figures), squeeze=False)[0]
        for axes, what in zip(row, figures, strict=True):
            _draw(figures[what], what, LIGHT, axes)
        figure.savefig(path, dpi=130)


def _figures(card: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the figures of the test photos; without a calibration only those before it."""
    calibration = card.get("calibration")
    if not calibration:
        return {}
    test: dict[str, dict[str, Any]] = calibration["test"]
    return test if calibration["calibrated"] else {"before": test["before"]}


def _draw(figures: dict[str, Any], what: str, colours: Colours, axes: Axes) -> None:
    """Draw for each bin a bar of its accuracy, and a line from there to its confidence."""
    bins = figures["reliability"]
    most = max(each["photos"] for each in bins)
    for each in bins:
        middle, width = (each["from"] + each["to"]) / 2, each["to"] - each["from"]
        # A few photos prove little: the more there are, the stronger the colour.
        strength = 0.25 + 0.75 * each["photos"] / most
        axes.bar(middle, each["accuracy"], 0.92 * width, color=colours.right, alpha=strength)
        ends = [each["accuracy"], each["confidence"]]
        axes.plot([each["confidence"]] * 2, ends, color=colours.wrong, linewidth=2)
    axes.plot([0, 1], [0, 1], color=colours.other, linestyle="--", linewidth=1)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy", aspect="equal")
    axes.set_title(f"{what} calibration: error {figures['ece']:.2%}", size=11)
    axes.grid(color=colours.faint, linewidth=0.6)
    axes.set_axisbelow(True)
