"""The tables of a sweep's report."""

from pathlib import Path
from typing import Any

import pandas as pd

from training.experiments.report.page import duration
from training.experiments.report.tradeoff import pareto_front
from training.experiments.report.trials import Trials

_NONE = "–"
_FIGURES = {
    "epochs": ("epochs", "{:,.0f}"),
    "validation_accuracy": ("validation accuracy", "{:.2%}"),
    "validation_loss": ("validation loss", "{:.4f}"),
    "parameters": ("parameters", "{:,.0f}"),
}


def final_rows(final: pd.DataFrame | None) -> list[dict[str, str]]:
    """Return the rows of the chosen setting by seed."""
    if final is None:
        return []
    return [
        {
            "seed": str(row["seed"]),
            "validation": _text(row["validation_accuracy"], "{:.2%}"),
            "test": _text(row["test_accuracy"], "{:.2%}"),
            "interval": " to ".join(_text(row[end], "{:.2%}") for end in ("test_low", "test_high")),
            "time": duration(row["seconds"]),
            "run": Path(str(row["run"])).name,
        }
        for _, row in final.iterrows()
    ]


def front_rows(trials: Trials) -> list[dict[str, str]]:
    """Return the rows of the Pareto front, the fastest first."""
    return [
        {
            "number": str(row["number"]),
            "setting": trials.described(row),
            "time": duration(row["seconds"]),
            "accuracy": f"{row['validation_accuracy']:.2%}",
        }
        for _, row in pareto_front(trials).iterrows()
    ]


def trial_rows(trials: Trials, chosen: int | None) -> dict[str, Any]:
    """Return the names of the columns of the finished trials, and their rows, the best first."""
    figures = {name: each for name, each in _FIGURES.items() if name not in trials.names}
    rows = [
        {
            "number": row["number"],
            "chosen": index == chosen,
            "labels": [row[name] for name in trials.names],
            "figures": [
                *(_text(row[name], form) for name, (_, form) in figures.items()),
                duration(row["seconds"]),
            ],
            "run": Path(row["run"]).name,
        }
        for index, row in trials.finished.iterrows()
    ]
    titles = [*(title for title, _ in figures.values()), "time"]
    return {"columns": trials.names, "figures": titles, "rows": rows}


def unfinished_rows(trials: Trials) -> list[dict[str, Any]]:
    """Return the rows of the trials without a result."""
    return [
        {
            "number": row["number"],
            "labels": [row[name] for name in trials.names],
            "state": row["state"],
            "reason": row["reason"],
        }
        for _, row in trials.others.iterrows()
    ]


def _text(value: float, form: str) -> str:
    return _NONE if pd.isna(value) else form.format(value)
