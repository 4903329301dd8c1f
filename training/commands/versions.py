"""`versions`: list the versions of a model, and which one serves."""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from training.commands.rollback_arguments import add_config, chosen_config
from training.console import say, show
from training.publishing.rollback.messages import serving_line
from training.publishing.rollback.served_model import ServedModel
from training.publishing.rollback.version_list import Version, list_versions

_FIGURES = ("version", "published", "test", "validation")
_TEXTS = ("recipe", "run", "labels", "serves")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = "List the versions of a model: how each was made, and which one serves."
    parser.add_argument("name", metavar="NAME", help="name of the model")
    add_config(parser)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs")


def run(arguments: argparse.Namespace) -> None:
    """Print a row for each version, and a line that says which one serves and why."""
    console = Console()
    config = chosen_config(arguments)
    state = ServedModel(arguments.name, config, console, arguments.models).state()
    table = Table(box=None, padding=(0, 2, 0, 0))
    for name in _FIGURES:
        table.add_column(name, justify="right", no_wrap=True)
    for name in _TEXTS:
        table.add_column(name, overflow="fold")
    for version in list_versions(state, arguments.runs):
        table.add_row(*_row(version))
    show(console, table)
    say(console, serving_line(state))


def _row(version: Version) -> list[str]:
    settings = (f"{name}={value}" for name, value in version.changed.items())
    return [
        str(version.number),
        f"{version.published:%Y-%m-%d %H:%M}" if version.published else "–",
        *("–" if each is None else f"{each:.2%}" for each in (version.test, version.validation)),
        " ".join([version.recipe or "–", *settings]),
        version.run or "–",
        ", ".join(version.labels),
        "yes" if version.serves else "",
    ]
