"""`report`: write the report of a run again."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import Commands


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser("report", help="write the report of a run again")
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="of a run that has ended")
    parser.set_defaults(command=report)


def report(arguments: argparse.Namespace) -> None:
    """Write the page and its pictures, and say where."""
    from training.report import write_report

    page = write_report(arguments.run)
    Console().print(f"report: {page}", highlight=False, markup=False, soft_wrap=True)
