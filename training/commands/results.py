"""`results`: measure recipes over several seeds, and write the table of all recipes."""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from training.backends import backend_name
from training.commands.arguments import add_training
from training.commands.training import train
from training.console import say
from training.errors import TrainingError, UsageError
from training.judging.results import known_results, missing
from training.judging.results_page import FEWEST, write_results
from training.recipe import Recipe
from training.recipes import RECIPES, recipe_named
from training.settings import BackboneNetwork


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
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


def run(arguments: argparse.Namespace) -> None:
    """Run what is missing, one recipe after the other, and write the table after each."""
    if arguments.seeds < 1:
        raise UsageError(f"--seeds must be at least 1, not {arguments.seeds}")
    if not (arguments.recipes or arguments.runs.is_dir() or arguments.runs == Path("runs")):
        raise UsageError(f"--runs {arguments.runs}: there is no such folder")
    names = list(RECIPES) if "all" in arguments.recipes else arguments.recipes
    chosen = [recipe_named(name) for name in names]
    listed = [*RECIPES.values(), *(each for each in chosen if each.name not in RECIPES)]
    console = Console()
    _write(arguments, listed, {})
    for recipe in chosen:
        reasons = {}
        try:
            known = known_results(listed, arguments.runs, arguments.output)
            conditions = partial(_conditions, arguments, console)
            todo = missing(recipe, arguments.seeds, known.measurements, conditions)
            train(todo, arguments)
        except TrainingError as error:
            say(console, f"{recipe.name}: {error}")
            reasons = {recipe.name: _reason(error)}
        _write(arguments, listed, reasons)
    say(console, f"results: {arguments.output}")


def _conditions(
    arguments: argparse.Namespace, console: Console, recipe: Recipe
) -> Mapping[str, Any]:
    """Return what a run would depend on today, besides its settings and code."""
    from training.fitting.devices import choose_devices

    choose_devices(arguments.device, deterministic=arguments.deterministic)
    # Imported after the check for the backend: without it, Keras would raise a traceback.
    from training.data.loading import load
    from training.networks.backbone import load_backbone

    data = load(recipe, arguments.data, console)
    weights = None
    if isinstance(recipe.network, BackboneNetwork):
        weights = load_backbone(recipe, arguments.data, console).weights
    digest = weights.sha256 if weights else ""
    return {"data": data.digest, "weights": digest, "backend": backend_name()}


def _write(arguments: argparse.Namespace, recipes: list[Recipe], reasons: dict[str, str]) -> None:
    known = known_results(recipes, arguments.runs, arguments.output)
    known = replace(known, not_run={**known.not_run, **reasons})
    write_results(recipes, known, arguments.output)


def _reason(error: TrainingError) -> str:
    """Return the beginning of an error message, without folders and advice."""
    first = str(error).partition(":")[0]
    return "it failed here" if "/" in first or len(first) > 80 else first
