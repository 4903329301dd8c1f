"""Pages of experiments, rendered from the templates of this package."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from training.experiments.report.about import About
from training.experiments.report.files import write_page
from training.experiments.report.plots import SECOND, Plot, Row
from training.report.pictures import DARK, LIGHT
from training.report.templates import environment

PAGE = "report.html"

_DARK_SECOND = "#f0a24a"


def write_report(
    folder: Path,
    template: str,
    about: About,
    plots: Sequence[Plot | Row],
    tables: Sequence[str],
    notes: Sequence[str] = (),
    **values: Any,
) -> Path:
    """Write the page and the PNG files of its plots, and return the page's path.

    Args:
        folder: of the experiment; it is created.
        template: name of the page's template in this package.
        about: how to repeat the experiment.
        plots: all those that the page shows.
        tables: names of the CSV files in the folder.
        notes: lines for the reader.
        values: of the template.

    Raises:
        TrainingError: a file can't be written.
    """
    pages = environment("training.experiments.report")
    pages.filters["duration"] = duration
    text = pages.get_template(template).render(
        about=about,
        notes=notes,
        files=[*tables, *(f"{plot.name}.png" for plot in plots)],
        light=LIGHT,
        dark=DARK,
        second=SECOND,
        dark_second=_DARK_SECOND,
        **values,
    )
    for plot in plots:
        plot.write(folder)
    return write_page(text, folder / PAGE)


def duration(seconds: float | None) -> str:
    """Format seconds for people; those that are unknown as a dash."""
    if seconds is None or not math.isfinite(seconds):
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
