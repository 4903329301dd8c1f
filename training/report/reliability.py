"""Reliability diagrams: how often a model is right, by how sure it says it is."""

from pathlib import Path
from typing import Any

from matplotlib.axes import Axes

from training.report.pictures import DARK, LIGHT, Colours, address_of, blank_figure

_TITLES = {"before": "before calibration", "after": "after calibration"}


def reliability(card: dict[str, Any]) -> list[dict[str, str]]:
    """Draw a model's reliability diagrams, before and after calibration.

    Returns:
        For each `what`, `before` or `after`, and `light` and `dark`, a picture as the `data:`
        address of an SVG file; nothing for a card without calibration.
    """
    told = _told(card)
    return [
        {"what": what, "light": _drawn(told, what, LIGHT), "dark": _drawn(told, what, DARK)}
        for what in told
    ]


def reliability_picture(card: dict[str, Any], path: Path) -> None:
    """Draw the same beside each other into a PNG file; nothing for a card without calibration."""
    told = _told(card)
    if not told:
        return
    with blank_figure(LIGHT, (4.2 * len(told), 3.9)) as figure:
        for axes, what in zip(figure.subplots(1, len(told), squeeze=False)[0], told, strict=True):
            _draw(axes, told[what], _TITLES[what], LIGHT)
        figure.savefig(path, dpi=130)


def _told(card: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the figures of the test photos; before and after are the same uncalibrated."""
    calibration = card.get("calibration")
    if not calibration:
        return {}
    test: dict[str, dict[str, Any]] = calibration["test"]
    return test if calibration["calibrated"] else {"before": test["before"]}


def _drawn(told: dict[str, dict[str, Any]], what: str, colours: Colours) -> str:
    with blank_figure(colours, (4.6, 3.6)) as figure:
        _draw(figure.add_subplot(), told[what], _TITLES[what], colours)
        return address_of(figure)


def _draw(axes: Axes, figures: dict[str, Any], title: str, colours: Colours) -> None:
    """Draw a bar of accuracy for each bin, its distance from the diagonal, and the photos in it."""
    bins = figures["reliability"]
    most = max(each["photos"] for each in bins)
    for each in bins:
        middle, width = (each["from"] + each["to"]) / 2, each["to"] - each["from"]
        # Few photos say little: the fuller a bin, the stronger its colour.
        strength = 0.25 + 0.75 * each["photos"] / most
        axes.bar(middle, each["accuracy"], 0.92 * width, color=colours.right, alpha=strength)
        axes.plot(
            [each["confidence"]] * 2,
            [each["accuracy"], each["confidence"]],
            color=colours.wrong,
            linewidth=2,
        )
    axes.plot([0, 1], [0, 1], color=colours.other, linestyle="--", linewidth=1)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="confidence", ylabel="accuracy", aspect="equal")
    axes.set_title(f"{title}: error {figures['ece']:.2%}", size=11)
    axes.grid(color=colours.faint, linewidth=0.6)
    axes.set_axisbelow(True)
