"""The report of a comparison of recipes."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from training.console import counted
from training.experiments.comparison.verdict import Verdict
from training.experiments.report.about import About
from training.experiments.report.files import write_csv
from training.experiments.report.page import write_report
from training.experiments.report.plots import Plot, shortened, style
from training.experiments.report.trials import finite
from training.report.pictures import LIGHT

ERRORS, VERDICTS = "errors.csv", "verdicts.csv"

_MINUS = "\N{MINUS SIGN}"
_FEW = 3  # Pairs whose sentences all stand at the head.


def write_comparison_report(
    folder: Path,
    about: About,
    errors: pd.DataFrame,
    verdicts: Sequence[Verdict],
    notes: Sequence[str] = (),
) -> Path:
    """Write `report.html`, its plots, `errors.csv` and `verdicts.csv`; return the page's path.

    Args:
        folder: of the comparison; it is created.
        about: how to repeat it.
        errors: a row for each split: `split`, and for each recipe its error rate in percent.
        verdicts: of the pairs of recipes.
        notes: lines for the reader.

    Raises:
        TrainingError: a file can't be written.
    """
    names = [str(name) for name in errors.columns if name != "split"]
    figures = pd.DataFrame({name: finite(errors[name]) for name in names})
    told = pd.DataFrame(map(asdict, verdicts), columns=[each.name for each in fields(Verdict)])
    write_csv(errors, folder / ERRORS)
    write_csv(told, folder / VERDICTS)
    of_recipes = _errors_plot(figures) if figures.notna().any().any() else None
    differences = _differences_plot(figures, verdicts) if verdicts else None
    return write_report(
        folder,
        "comparison.html",
        about,
        plots=[plot for plot in (of_recipes, differences) if plot],
        tables=[ERRORS, VERDICTS],
        notes=notes,
        names=names,
        splits=counted(len(errors), "random split"),
        sentences=_answer(verdicts),
        of_recipes=of_recipes,
        recipes=[_recipe_row(name, figures[name].dropna()) for name in names],
        differences=differences,
        verdicts=[_verdict_row(each) for each in verdicts],
    )


def _answer(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the sentences at the head of the page: of many pairs those with a difference."""
    if len(verdicts) <= _FEW:
        return [_capitalized(each.sentence) for each in verdicts]
    shown = [each for each in verdicts if each.is_shown]
    others = len(verdicts) - len(shown)
    left_out = f"For {others} of the {len(verdicts)} pairs no difference can be shown."
    return [*(_capitalized(each.sentence) for each in shown), *([left_out] if others else [])]


def _recipe_row(name: str, errors: pd.Series) -> dict[str, str]:
    figures = (errors.mean(), errors.std(), errors.min(), errors.max())
    texts = [_text(figure, "{:.2f}%") for figure in figures]
    named = dict(zip(("mean", "deviation", "least", "most"), texts, strict=True))
    return {"name": name, "splits": f"{len(errors):,}", **named}


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    ends = [_text(end, "{:+.2f}") for end in (verdict.low, verdict.high)]
    needed = verdict.splits_needed
    return {
        "pair": f"{verdict.a} {_MINUS} {verdict.b}",
        "sentence": _capitalized(verdict.sentence),
        "difference": _text(verdict.difference, "{:+.2f}"),
        "interval": " to ".join(ends) if verdict.low < verdict.high else "–",
        "p": _probability(verdict.p),
        "p_corrected": _probability(verdict.p_corrected),
        "effect_size": _text(verdict.effect_size, "{:+.2f}"),
        "splits": f"{verdict.splits:,}",
        "needed": "–" if needed is None else f"{needed:,}",
    }


def _errors_plot(errors: pd.DataFrame) -> Plot:
    size = (8, 1.1 + 0.75 * len(errors.columns))
    return Plot("errors", "errors of each recipe over the splits", size, partial(_draw, errors))


def _draw(errors: pd.DataFrame, figure: Figure) -> None:
    axes = figure.add_subplot()
    style(axes)
    axes.grid(visible=False, axis="y")
    names = [name for name in errors if errors[name].notna().any()]
    groups = [errors[name].dropna().to_numpy() for name in names]
    places = -np.arange(len(names))
    line = {"color": LIGHT.ink, "linewidth": 1.2}
    axes.boxplot(
        groups,
        positions=places,
        orientation="horizontal",
        widths=0.5,
        showfliers=False,
        boxprops=line,
        whiskerprops=line,
        capprops=line,
        medianprops={**line, "linewidth": 2.2},
    )
    for place, group in zip(places, groups, strict=True):
        axes.plot(group, place + _strip(group), "o", color=LIGHT.right, markersize=4, alpha=0.55)
    axes.set_yticks(places, [shortened(str(name), 36) for name in names])
    axes.set_xlabel("error on the held-out photos of a split")
    axes.xaxis.set_major_formatter(PercentFormatter())


def _differences_plot(errors: pd.DataFrame, verdicts: Sequence[Verdict]) -> Plot:
    size = (8, 1.2 + 0.75 * len(verdicts))
    alt = "paired differences of the errors, with mean and corrected 95% interval"
    return Plot("differences", alt, size, partial(_draw_differences, errors, verdicts))


def _draw_differences(errors: pd.DataFrame, verdicts: Sequence[Verdict], figure: Figure) -> None:
    axes = figure.add_subplot()
    style(axes)
    axes.grid(visible=False, axis="y")
    axes.axvline(0, color=LIGHT.ink, linewidth=1.2, linestyle=":")
    places = -np.arange(len(verdicts))
    for place, verdict in zip(places, verdicts, strict=True):
        paired = (errors[verdict.a] - errors[verdict.b]).dropna().to_numpy()
        strip = place - 0.18 + 0.7 * _strip(paired)
        axes.plot(paired, strip, "o", color=LIGHT.other, markersize=4, alpha=0.7)
        ends = [verdict.low, verdict.high]
        axes.plot(ends, [place + 0.2] * 2, color=LIGHT.right, linewidth=3, solid_capstyle="butt")
        axes.plot(verdict.difference, place + 0.2, "D", color=LIGHT.right, markersize=7)
    pairs = [f"{shortened(each.a, 28)}\n{_MINUS} {shortened(each.b, 28)}" for each in verdicts]
    axes.set_yticks(places, pairs)
    axes.set_ylim(places[-1] - 0.6, 0.6)
    axes.set_xlabel("difference of the errors, points")


def _strip(values: np.ndarray) -> np.ndarray:
    """Return offsets of points in a row, the same each time."""
    return 0.4 * ((np.arange(len(values)) * 0.618034) % 1 - 0.5)


def _text(value: float, form: str) -> str:
    return form.format(value).replace("-", _MINUS) if np.isfinite(value) else "–"


def _probability(p: float) -> str:
    return "< 0.001" if p < 0.001 else _text(p, "{:.3f}")


def _capitalized(sentence: str) -> str:
    """Return a sentence that ends in a point; a name that it begins with stays as it is."""
    first = sentence.partition(" ")[0]
    text = sentence[:1].upper() + sentence[1:] if first.isalpha() else sentence
    return text if text.endswith((".", "!", "?")) else f"{text}."
