"""`versions`: list the versions of a model, and which one serves."""

import argparse
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from training.commands.served import add_target, chosen_target
from training.console import say, show

if TYPE_CHECKING:
    from training.publishing.served.version_list import Version

_COLUMNS = ("version", "published", "recipe and changed settings", "test", "validation", "run")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = "List the versions of a model: how each was made, and which one serves."
    parser.add_argument("name", metavar="NAME", help="name of the model")
    add_target(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print a row for each version, and a line that says which one serves and why."""
    from training.publishing.served.place import Place
    from training.publishing.served.summary import serving_line
    from training.publishing.served.version_list import list_versions

    console = Console()
    target = chosen_target(arguments)
    state = Place(arguments.name, target, console, arguments.models).state()
    table = Table()
    for name in (*_COLUMNS, "labels", "serves"):
        table.add_column(name, overflow="fold", justify="right" if name == "version" else "left")
    for version in list_versions(state):
        table.add_row(*_row(version))
    show(console, table)
    say(console, serving_line(state))


def _row(version: "Version") -> list[str]:
    settings = (f"{name}={value}" for name, value in version.changed.items())
    return [
        str(version.number),
        f"{version.published:%Y-%m-%d %H:%M}" if version.published else "–",
        " ".join([version.recipe or "–", *settings]),
        *("–" if each is None else f"{each:.2%}" for each in (version.test, version.validation)),
        version.run or "–",
        ", ".join(version.labels),
        "yes" if version.serves else "",
    ]
