"""Arguments of the commands whose work is kept in a study."""

import argparse
from pathlib import Path


def add_study(parser: argparse.ArgumentParser) -> None:
    """Add where an experiment is kept, and how many processes work on it."""
    parser.add_argument(
        "--study", metavar="NAME", help="name of the study (default: made of what varies)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="folder of the report and its files (default experiments/STUDY)",
    )
    parser.add_argument(
        "--storage",
        metavar="URL",
        help="database of the study, such as postgresql://user@host/database, where other machines"
        " take part (default: study.db in the output folder)",
    )
    parser.add_argument(
        "--processes",
        type=int,
        default=1,
        metavar="N",
        help="work with N processes, each on its share of the cores (default 1)",
    )
    parser.add_argument("--worker", help=argparse.SUPPRESS)
