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
from training.recipe import Recipe
from training.recipes import DEFAULTS, RECIPES, default_recipe, recipe_named
from training.starters import STARTERS, install

_INTERRUPTED = 130  # As a shell reports a program that Ctrl-C ended.


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status.

    Returns:
        0: done; 1: it failed; 2: the command was wrong; 130: interrupted.
    """
    arguments = _parser().parse_args(argv)
    # Modules with Keras are imported by the commands that need them, since that takes seconds, and
    # TensorFlow's log is left to its fatal errors: it reports a missing GPU as one of lesser kind.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        arguments.command(arguments)
    except TrainingError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return _INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m training",
        description="Train image classifiers and publish them.",
        epilog="exit status: 0 done, 1 failed, 2 wrong command, 130 interrupted",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="train a recipe and publish the model"))
    recipes = commands.add_parser("recipes", help="list the recipes")
    recipes.set_defaults(command=_recipes)
    _add_prune(commands.add_parser("prune", help="remove old versions of a model"))
    starters = commands.add_parser("starters", help="train the starter models in the tree again")
    _add_training(starters)
    starters.add_argument("--into", type=Path, default=STARTERS, help="put the starters here")
    starters.set_defaults(command=_starters)
    return parser


def _add_run(run: argparse.ArgumentParser) -> None:
    what = run.add_mutually_exclusive_group(required=True)
    what.add_argument("recipe", nargs="?", metavar="RECIPE", help="one that `recipes` lists")
    what.add_argument("--default-of", metavar="MODEL", help="the default recipe of a model")
    run.add_argument("--models", type=Path, default=Path("models"), help="publish into here")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="assignments",
        help="change a number of the recipe; may be repeated",
    )
    run.add_argument("--seed", help="the same as --set seed=SEED")
    _add_training(run)
    run.set_defaults(command=_run)


def _add_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="folder of the data sets as they are published")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="keep trained weights here")
    parser.add_argument(
        "--device", choices=("auto", "cpu", "gpu"), default="auto", help="what to train on"
    )


def _add_prune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the model")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the models")
    parser.add_argument("--keep", type=int, default=5, help="how many of the newest to keep")
    parser.add_argument("--model-server", metavar="HOST:PORT", help="keep what it serves")
    parser.add_argument(
        "--model_config_file", type=Path, help="keep what this file of the model server names"
    )
    parser.set_defaults(command=_prune)


def _run(arguments: argparse.Namespace) -> None:
    if arguments.default_of:
        recipe = default_recipe(arguments.default_of)
    else:
        recipe = recipe_named(arguments.recipe)
    seed = [] if arguments.seed is None else [f"seed={arguments.seed}"]
    _train([override(recipe, [*arguments.assignments, *seed])], arguments, arguments.models)


def _starters(arguments: argparse.Namespace) -> None:
    recipes = [RECIPES[name] for name in DEFAULTS.values()]
    versions = _train(recipes, arguments, arguments.runs / "starters")
    for version in versions:
        starter = install(version, arguments.into)
        Console().print(f"starter: {starter}", highlight=False, soft_wrap=True)


def _train(recipes: list[Recipe], arguments: argparse.Namespace, models: Path) -> list[Path]:
    from training.devices import choose_device
    from training.running import Places, train_and_publish

    console = Console()
    device = choose_device(arguments.device)
    places = Places(arguments.data, models, arguments.runs)
    return [train_and_publish(recipe, places, device, console) for recipe in recipes]


def _prune(arguments: argparse.Namespace) -> None:
    from training.pruning import prune_model

    removed = prune_model(
        arguments.models,
        arguments.name,
        arguments.keep,
        arguments.model_server,
        arguments.model_config_file,
    )
    numbers = ", ".join(map(str, removed)) or "nothing"
    Console().print(f"{arguments.name}: removed {numbers}", highlight=False)


def _recipes(arguments: argparse.Namespace) -> None:
    table = Table(show_lines=True)
    for name in ("recipe", "what", "data", "expected"):
        table.add_column(name, no_wrap=name == "recipe")
    for recipe in RECIPES.values():
        default = f"\n(default of {recipe.model})" if recipe.name in DEFAULTS.values() else ""
        table.add_row(recipe.name + default, recipe.what, recipe.dataset, recipe.expected)
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
