"""`--also`: own photos in addition to the data set."""

import argparse
import os
from pathlib import Path


def add_also(parser: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Let a command that trains take own photos: see `also_assignments`."""
    parser.add_argument(
        "--also",
        type=Path,
        metavar="PATH",
        help="train on these photos, too: a folder or a zip file with a sub-folder for each class"
        " or some of them, and `other` for what is none of them; or a list (.csv, .jsonl)",
    )


def also_assignments(arguments: argparse.Namespace) -> list[str]:
    """Return what `--also` stands for, as `--set` takes it.

    Raises:
        UsageError: there are no such photos.
    """
    if arguments.also is None:
        return []
    from training.data.own_photos import check_own_photos  # Imports NumPy.

    check_own_photos(arguments.also)
    return [f"own.photos={os.path.abspath(arguments.also)}"]  # Keeps links.
