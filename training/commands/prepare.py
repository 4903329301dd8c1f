"""`prepare`: extract a published archive into folders of photos."""

import argparse
from pathlib import Path

from rich.console import Console

from training.console import counted, say
from training.errors import TrainingError
from training.progress_bars import counting


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("dataset", choices=("dogs-vs-cats",), help="the data set of the archive")
    parser.add_argument(
        "archive",
        type=Path,
        metavar="ARCHIVE",
        help="Kaggle's train.zip, or kagglecatsanddogs_5340.zip",
    )
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="write train/, validation/ and test/ here"
    )
    parser.add_argument(
        "--split",
        "--seed",
        type=int,
        default=1,
        help="which split of the photos (split_seed of recipes)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Extract the archive and print how many photos each folder has.

    Raises:
        TrainingError: it can't be extracted, or photos are missing because it is damaged.
    """
    from training.data.dogs_vs_cats.extraction import DAMAGED_LIST, prepare_dogs_vs_cats

    console = Console()
    with counting(console, "checking photos") as progress:
        made = prepare_dogs_vs_cats(arguments.archive, arguments.folder, arguments.split, progress)
    for (split, inner), photos in sorted(made.photos.items()):
        path = arguments.folder / split / inner
        say(console, f"{path}: {counted(photos, 'photo')}")
    if made.damaged:
        reasons = arguments.folder / DAMAGED_LIST
        say(console, f"{counted(made.damaged, 'damaged photo')} set aside: {reasons}")
    if made.unreadable:
        raise TrainingError(
            f"{arguments.archive} is damaged: {counted(made.unreadable, 'photo')} can't be read"
            " from it; fetch it again and extract it into a new folder, or go on without them"
        )
