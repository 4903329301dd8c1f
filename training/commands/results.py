"""`results`: measure recipes over several seeds, and write the table of all recipes."""

import argparse
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from training.commands.arguments import Commands, add_training
from training.commands.training import train
from training.console import say
from training.errors import TrainingError, UsageError
from training.judging.results import FEWEST, KnownResults, known_results, missing, write_results
from training.publishing.gate_policy import GatePolicy
from training.recipe import Recipe
from training.recipes import RECIPES, recipe_named

_ALL = "all"


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("results", help="write the table of all recipes' results")
    parser.add_argument(
        "--recipes",
        nargs="+",
        default=[],
        metavar="RECIPE",
        help="run what is missing of these recipes, or of `all` (default: run nothing)",
    )
    parser.add_argument(
        "--seeds",
        type=int,
        default=FEWEST,
        help="number of seeds to run each recipe with (default %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("docs/results.md"),
        metavar="FILE",
        help="write the table here, and the measurements beside it (default %(default)s)",
    )
    add_training(parser)
    parser.set_defaults(command=results)


def results(arguments: argparse.Namespace) -> None:
    """Run what is missing, one recipe after the other, and write the table after each."""
    if arguments.seeds < 1:
        raise UsageError(f"--seeds must be at least 1, not {arguments.seeds}")
    names = list(RECIPES) if _ALL in arguments.recipes else arguments.recipes
    chosen = [recipe_named(name) for name in names]
    listed = [*RECIPES.values(), *(each for each in chosen if each.name not in RECIPES)]
    console = Console()
    _write(arguments, listed, {})
    for recipe in chosen:
        reasons = {}
        try:
            _run(
                missing(recipe, arguments.seeds, _known(arguments, listed).measurements), arguments
            )
        except TrainingError as error:
            say(console, f"{recipe.name}: {error}")
            reasons = {recipe.name: _reason(error)}
        _write(arguments, listed, reasons)
    say(console, f"results: {arguments.output}")


def _run(recipes: list[Recipe], arguments: argparse.Namespace) -> None:
    """Train recipes; their versions are published among the runs."""
    train(recipes, arguments, arguments.runs / "published", GatePolicy(force=True))


def _write(arguments: argparse.Namespace, recipes: list[Recipe], reasons: dict[str, str]) -> None:
    known = _known(arguments, recipes)
    known = replace(known, reasons={**known.reasons, **reasons})
    write_results(recipes, known, arguments.output)


def _known(arguments: argparse.Namespace, recipes: list[Recipe]) -> KnownResults:
    return known_results(recipes, arguments.runs, arguments.output)


def _reason(error: TrainingError) -> str:
    """Return the beginning of an error message, without folders and advice."""
    first = str(error).partition(":")[0]
    return "it failed here" if "/" in first or len(first) > 80 else first
