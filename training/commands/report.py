"""`report`: write the report of a run again."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import add_runs
from training.console import say
from training.runs.references import find_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("run", metavar="RUN", help="folder, name or key of a finished run")
    add_runs(parser)


def run(arguments: argparse.Namespace) -> None:
    """Write the page and its pictures, and print its path."""
    named = Path(arguments.run)
    folder = named if named.is_dir() else find_run(arguments.runs, arguments.run)
    from training.report import write_report

    page = write_report(folder)
    say(Console(), f"report: {page}")
