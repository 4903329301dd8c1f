"""`results`: measure recipes over several seeds, and write the table of all recipes."""

import argparse
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from training.commands.arguments import Commands, add_training
from training.commands.training import train
from training.errors import TrainingError, UsageError
from training.judging.results import FEWEST, Known, known_results, missing, write_results
from training.publishing.policy import Policy
from training.recipe import Recipe
from training.recipes import RECIPES, recipe_named

_ALL = "all"


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser("results", help="write the table of what all recipes give here")
    parser.add_argument(
        "--recipes",
        nargs="+",
        default=[],
        metavar="RECIPE",
        help="run what is missing of these, or of `all`; without it only what was run is read",
    )
    parser.add_argument(
        "--seeds", type=int, default=FEWEST, help="run each with so many (default %(default)s)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("docs/results.md"),
        metavar="FILE",
        help="write the table here, and what was measured beside it (default %(default)s)",
    )
    add_training(parser)
    parser.set_defaults(command=results)


def results(arguments: argparse.Namespace) -> None:
    """Run what is missing, one recipe after the other, and write the table after each."""
    if arguments.seeds < 1:
        raise UsageError(f"--seeds is at least 1, not {arguments.seeds}")
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
            console.print(f"{recipe.name}: {error}", highlight=False, markup=False, soft_wrap=True)
            reasons = {recipe.name: _reason(error)}
        _write(arguments, listed, reasons)
    console.print(f"results: {arguments.output}", highlight=False, markup=False, soft_wrap=True)


def _run(recipes: list[Recipe], arguments: argparse.Namespace) -> None:
    """Train recipes; what they publish stays among the runs."""
    train(recipes, arguments, arguments.runs / "published", Policy(force=True))


def _write(arguments: argparse.Namespace, recipes: list[Recipe], reasons: dict[str, str]) -> None:
    known = _known(arguments, recipes)
    known = replace(known, reasons={**known.reasons, **reasons})
    write_results(recipes, known, arguments.output)


def _known(arguments: argparse.Namespace, recipes: list[Recipe]) -> Known:
    return known_results(recipes, arguments.runs, arguments.output)


def _reason(error: TrainingError) -> str:
    """Return what an error says before it comes to folders and advice."""
    first = str(error).partition(":")[0]
    return "it failed here" if "/" in first or len(first) > 80 else first
