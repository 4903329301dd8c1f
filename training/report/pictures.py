"""The pictures of a report, drawn by Matplotlib without a display."""

import base64
import io
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from training.metrics.evaluation import Evaluation
from training.report.overfitting import overfitting_start
from training.report.tiles import Tile


@dataclass(frozen=True)
class Colours:
    """The colours of one colour scheme; the page uses the same ones."""

    ground: str
    ink: str
    faint: str
    right: str
    wrong: str
    other: str


LIGHT = Colours("#ffffff", "#1d2330", "#d5d9e0", "#1f5fc4", "#c3272b", "#98a1b0")
DARK = Colours("#171b22", "#e4e8ee", "#3a4250", "#7db1ff", "#ff8b81", "#77818f")

_CURVES = ("loss", "accuracy", "seconds")
_COLUMNS = 4  # Photos per row.


def curves(history: list[dict[str, Any]], best: int | None) -> list[dict[str, str]]:
    """Draw loss, accuracy and seconds of each epoch, and mark the best: see `in_both_schemes`."""
    whats = _CURVES if history else ()
    draw = partial(_draw_curve, history, best)
    return [in_both_schemes(what, (4.6, 3.0), partial(draw, what)) for what in whats]


def in_both_schemes(
    what: str, size: tuple[float, float], draw: Callable[[Colours, Axes], None]
) -> dict[str, str]:
    """Return `what`, and pictures `light` and `dark`, each as the `data:` URL of an SVG file."""
    drawn = {"what": what}
    for scheme, colours in (("light", LIGHT), ("dark", DARK)):
        with blank_figure(colours, size) as figure:
            draw(colours, figure.add_subplot())
            file = io.BytesIO()
            figure.savefig(file, format="svg", metadata={"Date": None})
        drawn[scheme] = f"data:image/svg+xml;base64,{base64.b64encode(file.getvalue()).decode()}"
    return drawn


def curves_picture(history: list[dict[str, Any]], best: int | None, path: Path) -> None:
    """Draw loss, accuracy and seconds of each epoch side by side into a PNG file."""
    with blank_figure(LIGHT, (13, 3.6)) as figure:
        for axes, what in zip(figure.subplots(1, 3), _CURVES, strict=True):
            _draw_curve(history, best, what, LIGHT, axes)
        figure.savefig(path, dpi=130)


def confusion_picture(evaluation: Evaluation, path: Path) -> None:
    """Draw the confusion matrix into a PNG file, coloured by the shares of each correct class."""
    counts = evaluation.confusion()
    side = max(4.0, 0.62 * len(counts) + 1.6)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with blank_figure(LIGHT, (side, side)) as figure:
        axes = figure.add_subplot()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        indices = range(len(counts))
        axes.set_xticks(indices, evaluation.labels, rotation=90)
        axes.set_yticks(indices, evaluation.labels)
        axes.set(xlabel="predicted class", ylabel="correct class")
        for (row, column), count in np.ndenumerate(counts):
            if count and len(counts) <= 30:
                ink = "white" if shares[row, column] > 0.5 else LIGHT.ink
                axes.text(column, row, f"{count:,}", ha="center", va="center", color=ink, size=8)
        figure.savefig(path, dpi=130)


def photos_picture(tiles: Sequence[Tile], path: Path) -> None:
    """Draw photos beside bars of their probabilities into a PNG file.

    The predicted label is blue if it is correct, otherwise red, followed by the correct one in
    brackets. Without photos the file is removed.
    """
    if not tiles:
        path.unlink(missing_ok=True)
        return
    rows = -(-len(tiles) // _COLUMNS)
    with blank_figure(LIGHT, (3.6 * _COLUMNS, 1.7 * rows), layout=None) as figure:
        grid = figure.subplots(rows, 2 * _COLUMNS, width_ratios=[1, 1.2] * _COLUMNS, squeeze=False)
        # By hand: computing a layout takes longer than drawing all photos.
        figure.subplots_adjust(0.01, 0.12 / rows, 0.99, 1 - 0.16 / rows, wspace=0.12, hspace=0.32)
        for axes in grid.flat:
            axes.set_axis_off()
        for tile, (photo, bars) in zip(tiles, grid.reshape(-1, 2), strict=False):
            _draw_photo(photo, tile)
            _draw_bars(bars, tile)
        figure.savefig(path, dpi=110)


@contextmanager
def blank_figure(
    colours: Colours,
    size: tuple[float, float],
    layout: Literal["constrained"] | None = "constrained",
) -> Iterator[Figure]:
    """Yield an empty figure with a size in inches and the colours of a scheme."""
    inked = ("text.color", "axes.labelcolor", "xtick.color", "ytick.color")
    grounded = ("figure.facecolor", "axes.facecolor", "savefig.facecolor")
    settings: dict[Any, Any] = {
        **dict.fromkeys(inked, colours.ink),
        **dict.fromkeys(grounded, colours.ground),
        "axes.edgecolor": colours.faint,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "font.size": 10,
        "text.parse_math": False,  # A label may contain dollar signs.
        "svg.hashsalt": "photolabel",  # Equal pictures give equal files.
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Names and labels may have letters that Matplotlib's font lacks: it draws boxes for them.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure = Figure(figsize=size, layout=layout)
        FigureCanvasAgg(figure)
        yield figure


def _draw_curve(
    history: list[dict[str, Any]], best: int | None, what: str, colours: Colours, axes: Axes
) -> None:
    epochs = [entry["epoch"] for entry in history]
    names = {what: "training", f"val_{what}": "validation"}
    present = {name: label for name, label in names.items() if name in history[-1]}
    styles = {"training": (colours.other, "o"), "validation": (colours.right, "s")}
    for name, label in present.items():
        colour, marker = styles[label]
        values = [np.nan if entry.get(name) is None else entry[name] for entry in history]
        axes.plot(epochs, values, color=colour, marker=marker, markersize=3.5, label=label)
    axes.set_title({"seconds": "seconds per epoch"}.get(what, what), size=11)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(color=colours.faint, linewidth=0.6)
    if what == "seconds":
        axes.set_ylim(bottom=0)
        return
    start = overfitting_start([entry.get("val_loss") for entry in history])
    if start is not None:
        line = axes.axvline(epochs[start], color=colours.wrong, linestyle="--", linewidth=1.2)
        line.set_label("overfitting starts")
    if best:
        line = axes.axvline(best, color=colours.ink, linestyle=":", linewidth=1.4)
        line.set_label("best epoch")
    axes.legend(frameon=False, fontsize=9)


def _draw_photo(axes: Axes, tile: Tile) -> None:
    gray = tile.photo.shape[2] == 1
    axes.imshow(tile.photo[..., 0] if gray else tile.photo, cmap="gray", vmin=0, vmax=255)
    title = tile.predicted if tile.right else f"{tile.predicted} ({tile.label})"
    axes.set_title(title, size=8, color=LIGHT.right if tile.right else LIGHT.wrong)
    axes.text(0, -0.04, tile.short_name, size=6, va="top", transform=axes.transAxes)


def _draw_bars(axes: Axes, tile: Tile) -> None:
    colours = {"right": LIGHT.right, "wrong": LIGHT.wrong, "other": LIGHT.other}
    for row, bar in enumerate(tile.bars):
        axes.barh(-row, bar.probability, color=colours[bar.kind], height=0.35)
        axes.text(0, 0.28 - row, f"{bar.label} {bar.probability:.0%}", size=6.5, va="bottom")
    axes.set_xlim(0, 1.05)
    axes.set_ylim(-4.6, 0.9)
