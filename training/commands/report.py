"""`report`: write the report of a run again."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import Commands
from training.console import say


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("report", help="write the report of a run again")
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="folder of a finished run")
    parser.set_defaults(command=report)


def report(arguments: argparse.Namespace) -> None:
    """Write the page and its pictures, and print its path."""
    from training.report import write_report

    page = write_report(arguments.run)
    say(Console(), f"report: {page}")
