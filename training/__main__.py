"""The command line of training: `python -m training --help`. It parses; others do the work."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from training.errors import TrainingError
from training.overrides import override
from training.recipes import DEFAULTS, RECIPES, default_recipe, recipe_named

_INTERRUPTED = 130  # As a shell reports a program that Ctrl-C ended.


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Returns:
        0: done; 1: it failed; 2: the command was wrong; 130: interrupted.
    """
    arguments = _parser().parse_args(argv)
    try:
        arguments.command(arguments)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted: nothing was published", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description="Train and publish.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="train a recipe and publish the model")
    what = run.add_mutually_exclusive_group(required=True)
    what.add_argument("recipe", nargs="?", metavar="RECIPE", help="one of `recipes`")
    what.add_argument("--default-of", metavar="MODEL", help="the default recipe of a model")
    _add_places(run)
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="assignments",
        help="change a number of the recipe; may be repeated",
    )
    run.add_argument("--seed", type=int, help="another seed than the recipe's")
    run.set_defaults(command=_run)
    recipes = commands.add_parser("recipes", help="list the recipes")
    recipes.set_defaults(command=_recipes)
    return parser


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder of the data sets' published files")
    parser.add_argument("--models", type=Path, default=Path("models"), help="publish into here")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="keep trained weights here")
    parser.add_argument("--device", choices=("auto", "cpu", "gpu"), default="auto")


def _run(arguments: argparse.Namespace) -> None:
    if arguments.default_of:
        recipe = default_recipe(arguments.default_of)
    else:
        recipe = recipe_named(arguments.recipe)
    recipe = override(recipe, arguments.assignments)
    seed = recipe.seed if arguments.seed is None else arguments.seed
    # Loaded only now: it takes seconds, and mistakes in the command should not have to wait.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from training.devices import choose_device
    from training.running import Places, train_and_publish

    console = Console()
    device = choose_device(arguments.device)
    console.print(f"{recipe.name}, seed {seed}, on {device}", highlight=False)
    places = Places(arguments.data, arguments.models, arguments.runs)
    train_and_publish(recipe, seed, places, device, console)


def _recipes(arguments: argparse.Namespace) -> None:
    table = Table("recipe", "what", "data", "expected")
    for recipe in RECIPES.values():
        default = " (default)" if recipe.name in DEFAULTS.values() else ""
        table.add_row(recipe.name + default, recipe.what, recipe.dataset, recipe.expected)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
