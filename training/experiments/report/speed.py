"""The report of measurements of speed."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import FigureBase
from matplotlib.ticker import FuncFormatter, NullLocator

from training.experiments.report.about import About
from training.experiments.report.page import write_report
from training.experiments.report.plots import SECOND, Plot, Row, style
from training.experiments.report.trials import finite
from training.experiments.speed.timings import TIMINGS
from training.report.pictures import LIGHT

_FIGURES = {"seconds_per_epoch": "seconds per epoch", "images_per_second": "images per second"}
_STYLES = ((LIGHT.right, "o", "-"), (SECOND, "s", "--"), (LIGHT.ink, "^", ":"))


def write_speed_report(
    folder: Path,
    about: About,
    timings: pd.DataFrame,
    notes: Sequence[str] = (),
) -> Path:
    """Write `report.html` and its chart `speed.png`; return the page's path.

    Args:
        folder: of the measurements, with `timings.csv`; it is created.
        about: how to repeat them.
        timings: a row for each measurement: `batch_size`, `loading`, `repetition`,
            `seconds_per_epoch` and `images_per_second`, which are NaN where it failed, and
            optionally `reason` (why).
        notes: lines for the reader.

    Raises:
        TrainingError: a file can't be written.
    """
    measured = timings.assign(**{name: finite(timings[name]) for name in _FIGURES})
    measured = measured.dropna(subset=list(_FIGURES))
    chart = Row("speed", "Speed", [_plot(measured, figure) for figure in _FIGURES])
    return write_report(
        folder,
        "speed.html",
        about,
        plots=[] if measured.empty else [chart],
        tables=[TIMINGS],
        notes=notes,
        sizes=[f"{size}" for size in sorted(timings["batch_size"].unique())],
        repetitions=timings["repetition"].nunique(),
        answer=_answer(measured),
        chart=None if measured.empty else chart,
        rows=_rows(measured),
        failed=_failed(timings.drop(index=measured.index)),
    )


def _plot(measured: pd.DataFrame, figure: str) -> Plot:
    alt = f"{_FIGURES[figure]} by batch size, with the spread of the repetitions"
    draw = partial(_draw, measured, figure)
    return Plot(f"speed-{figure.replace('_', '-')}", alt, (5.6, 3.8), draw)


def _draw(measured: pd.DataFrame, name: str, figure: FigureBase) -> None:
    axes = figure.add_subplot()
    style(axes, _FIGURES[name])
    for index, (loading, rows) in enumerate(measured.groupby("loading", sort=False)):
        colour, marker, line = _STYLES[index % len(_STYLES)]
        spread = rows.groupby("batch_size")[name].agg(["median", "min", "max"])
        axes.fill_between(
            spread.index, spread["min"], spread["max"], color=colour, alpha=0.18, linewidth=0
        )
        axes.plot(rows["batch_size"], rows[name], marker, color=colour, markersize=3, alpha=0.6)
        axes.plot(
            *(spread.index, spread["median"], line),
            color=colour,
            marker=marker,
            markersize=6,
            label=f"{loading} loading",
        )
    sizes = sorted(measured["batch_size"].unique())
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.6g}"))
    axes.set_ylim(0, 1.08 * measured[name].max())
    axes.set_xlabel("batch size")
    axes.legend(frameon=False, fontsize=9)


def _answer(measured: pd.DataFrame) -> str:
    if measured.empty:
        return ""
    medians = measured.groupby(["batch_size", "loading"])[list(_FIGURES)].median()
    ranked = medians.sort_values("seconds_per_epoch", kind="stable").reset_index()
    ordered: list[Any] = [*ranked.itertuples(index=False)]
    fast, slow = ordered[0], ordered[-1]
    text = (
        f"Fastest is batch size {fast.batch_size} with {fast.loading} loading:"
        f" {_seconds(fast.seconds_per_epoch)} s per epoch,"
        f" {fast.images_per_second:,.0f} images per second."
    )
    if len(ordered) == 1:
        return text
    ratio = slow.seconds_per_epoch / fast.seconds_per_epoch
    return (
        f"{text} Slowest is {slow.batch_size} with {slow.loading} loading: it takes {ratio:.1f}"
        " times as long."
    )


def _rows(measured: pd.DataFrame) -> list[dict[str, Any]]:
    rows = []
    ordered = measured.sort_values("batch_size", kind="stable")
    for (size, loading), group in ordered.groupby(["batch_size", "loading"], sort=False):
        seconds = group["seconds_per_epoch"]
        rows.append(
            {
                "batch_size": str(size),
                "loading": loading,
                "seconds": _seconds(seconds.median()),
                "range": f"{_seconds(seconds.min())} to {_seconds(seconds.max())}",
                "images": f"{group['images_per_second'].median():,.0f}",
                "repetitions": str(len(group)),
            }
        )
    return rows


def _seconds(seconds: float) -> str:
    """Format seconds with three digits at least."""
    return f"{seconds:.{2 if seconds < 10 else 1 if seconds < 100 else 0}f}"


def _failed(rows: pd.DataFrame) -> list[dict[str, str]]:
    """Return the combinations that could not be measured, each once."""
    reasons = rows["reason"] if "reason" in rows else pd.Series("", index=rows.index)
    unique = rows.assign(reason=reasons.fillna("")).drop_duplicates(["batch_size", "loading"])
    return [
        {"batch_size": str(row["batch_size"]), "loading": row["loading"], "reason": row["reason"]}
        for _, row in unique.iterrows()
    ]
