"""`versions`: list the versions of a model, and which one serves."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from training.commands.served import add_target, chosen_target
from training.console import say, show_folded, whole_lines
from training.runs.names import key_of

if TYPE_CHECKING:
    from training.publishing.served.version_list import Version

_FIGURES = ("version", "test", "validation")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = "List the versions of a model: how each was made, and which one serves."
    parser.add_argument("name", metavar="NAME", help="name of the model")
    add_target(parser)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs")


def run(arguments: argparse.Namespace) -> None:
    """Print a row for each version, and a line that says which one serves and why."""
    from training.publishing.served.place import Place
    from training.publishing.served.summary import serving_line
    from training.publishing.served.version_list import list_versions

    console = whole_lines()
    target = chosen_target(arguments)
    state = Place(arguments.name, target, console, arguments.models).state()
    rows = [_row(version) for version in list_versions(state, arguments.runs)]
    if rows:
        show_folded(console, rows, _table, _stacked)
    say(console, serving_line(state))


def _row(version: "Version") -> dict[str, str]:
    settings = (f"{name}={value}" for name, value in version.changed.items())
    return {
        "version": str(version.number),
        "published": f"{version.published:%Y-%m-%d %H:%M}" if version.published else "–",
        "test": "–" if version.test is None else f"{version.test:.2%}",
        "validation": "–" if version.validation is None else f"{version.validation:.2%}",
        "recipe": " ".join([version.recipe or "–", *settings]),
        "run": version.run or "–",
        "labels": ", ".join(version.labels),
        "serves": "yes" if version.serves else "",
    }


def _stacked(row: dict[str, str]) -> dict[str, str]:
    return {
        "version": row["version"],
        "published, recipe, run": "\n".join(
            (row["published"], row["recipe"], key_of(Path(row["run"])))
        ),
        "test": row["test"],
        "validation": row["validation"],
        "labels": row["labels"],
        "serves": row["serves"],
    }


def _table(rows: Sequence[dict[str, str]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in rows[0]:
        figure = name in _FIGURES
        table.add_column(
            name,
            overflow="fold",
            no_wrap=figure or name in ("published", "serves"),
            justify="right" if figure else "left",
        )
    for row in rows:
        table.add_row(*row.values())
    return table
