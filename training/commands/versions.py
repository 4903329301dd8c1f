"""`versions`: list the versions of a model, and which one serves."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.rollback_arguments import add_config, chosen_config
from training.console import say, show
from training.publishing.rollback.messages import serving_line
from training.publishing.rollback.served_model import ServedModel
from training.publishing.rollback.version_table import version_table


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = "List the versions of a model: how each was made, and which one serves."
    parser.add_argument("name", metavar="NAME", help="name of the model")
    add_config(parser)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs")


def run(arguments: argparse.Namespace) -> None:
    """Print a row for each version, and a line that says which one serves and why."""
    console, config = Console(), chosen_config(arguments)
    state = ServedModel(arguments.name, config, arguments.models).state()
    show(console, version_table(state, arguments.runs))
    say(console, serving_line(state))
