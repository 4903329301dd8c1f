"""`report`: write the report of a run again."""

import argparse
from pathlib import Path

from rich.console import Console

from training.console import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("run", type=Path, metavar="RUN_FOLDER", help="folder of a finished run")


def run(arguments: argparse.Namespace) -> None:
    """Write the page and its pictures, and print its path."""
    from training.report import write_report

    page = write_report(arguments.run)
    say(Console(), f"report: {page}")
