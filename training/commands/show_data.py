"""`show-data`: draw photos of a recipe's data set with their labels."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import add_data, add_recipe, chosen_recipe
from training.console import counted, say
from training.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_recipe(parser)
    add_data(parser)
    parser.add_argument(
        "--count", type=int, default=40, help="number of photos (default %(default)s)"
    )
    parser.add_argument("--augmented", action="store_true", help="as the first epoch augments them")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("data.png"),
        help="PNG file to write (default %(default)s)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Load the data set, draw the picture and print its path."""
    from training.data.loading import load
    from training.data.show_data import draw_data

    if arguments.output.suffix.lower() != ".png":
        raise UsageError(f"--output is a PNG file, such as data.png, not {arguments.output}")
    recipe = chosen_recipe(arguments)
    console = Console()
    data = load(recipe, arguments.data, console)
    drawn = draw_data(data, recipe, max(1, arguments.count), arguments.augmented, arguments.output)
    say(console, f"{arguments.output}: {counted(drawn, 'photo')} of {', '.join(data.labels)}")
