"""`prepare`: make folders of photos from a published archive."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import Commands
from training.progress_bars import counting


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser("prepare", help="make folders of photos from a published archive")
    parser.add_argument("dataset", choices=("dogs-vs-cats",), help="what the archive holds")
    parser.add_argument("archive", type=Path, metavar="ARCHIVE", help="Kaggle's train.zip")
    parser.add_argument(
        "folder", type=Path, metavar="DIR", help="put train/ validation/ test/ here"
    )
    parser.add_argument(
        "--split", "--seed", type=int, default=1, help="which of the ways to split the photos"
    )
    parser.set_defaults(command=prepare)


def prepare(arguments: argparse.Namespace) -> None:
    """Prepare the archive and say what has become of it."""
    from training.data.preparing import DAMAGED_LIST, prepare_dogs_vs_cats

    console = Console()
    with counting(console, "checking photos") as progress:
        made = prepare_dogs_vs_cats(arguments.archive, arguments.folder, arguments.split, progress)
    for (split, inner), photos in sorted(made.photos.items()):
        path = arguments.folder / split / inner
        console.print(f"{path}: {photos:,} photos", highlight=False, soft_wrap=True)
    if made.damaged:
        reasons = arguments.folder / DAMAGED_LIST
        console.print(
            f"{made.damaged:,} damaged photos set aside: {reasons}", highlight=False, soft_wrap=True
        )
