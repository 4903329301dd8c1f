"""`show-data`: draw photos of a recipe's data set with their labels."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import Commands, add_data, add_recipe, chosen_recipe
from training.wording import counted


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "show-data", help="draw photos of a recipe's data set with their labels"
    )
    add_recipe(parser)
    add_data(parser)
    parser.add_argument(
        "--photos", type=int, default=40, help="number of photos (default %(default)s)"
    )
    parser.add_argument("--augmented", action="store_true", help="as the first epoch augments them")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("data.png"),
        help="PNG file to write (default %(default)s)",
    )
    parser.set_defaults(command=show_data)


def show_data(arguments: argparse.Namespace) -> None:
    """Load the data set, draw the picture and print its path."""
    from training.data.loading import load
    from training.data.show_data import draw_data

    recipe = chosen_recipe(arguments)
    console = Console()
    data = load(recipe, arguments.data, console)
    drawn = draw_data(data, recipe, max(1, arguments.photos), arguments.augmented, arguments.output)
    console.print(
        f"{arguments.output}: {counted(drawn, 'photo')} of {', '.join(data.labels)}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
