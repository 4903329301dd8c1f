"""`versions`: list the versions of a model, and which one serves."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from training.commands.rollback_arguments import add_config, chosen_config
from training.console import plain_table, say, show_folded, whole_lines
from training.publishing.rollback.messages import serving_line
from training.publishing.rollback.served_model import ServedModel
from training.publishing.rollback.version_table import version_rows
from training.runs.names import key_of

_FIGURES = ("version", "test", "validation")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = "List the versions of a model: how each was made, and which one serves."
    parser.add_argument("name", metavar="NAME", help="name of the model")
    add_config(parser)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs")


def run(arguments: argparse.Namespace) -> None:
    """Print a row for each version, and a line that says which one serves and why."""
    console, config = whole_lines(), chosen_config(arguments)
    state = ServedModel(arguments.name, config, arguments.models).state()
    rows = version_rows(state, arguments.runs)
    if rows:
        show_folded(console, rows, _table, _stacked)
    say(console, serving_line(state))


def _stacked(row: dict[str, str]) -> dict[str, str]:
    made = row["published"], row["recipe"], key_of(Path(row["run"]))
    others = ("test", "validation", "labels", "serves")
    return {
        "version": row["version"],
        "published, recipe, run": "\n".join(made),
        **{name: row[name] for name in others},
    }


def _table(rows: Sequence[dict[str, str]]) -> Table:
    table = plain_table(rows[0], figures=_FIGURES, unbroken=("published", "serves"))
    for row in rows:
        table.add_row(*row.values())
    return table
