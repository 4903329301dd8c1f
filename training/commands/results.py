"""`results`: measure recipes over several seeds, and show or write the table of all recipes."""

import argparse
import contextlib
from collections.abc import Container, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from training.backends import backend_name
from training.commands.arguments import add_training
from training.commands.training import train
from training.console import plain_table, say, show, whole_lines
from training.errors import TrainingError, UsageError
from training.judging.measurements import Results
from training.judging.results import known_results, missing
from training.judging.results_page import FEWEST, sections, write_results
from training.recipe import Recipe
from training.recipes import RECIPES, recipe_named
from training.runs.folders import read_run
from training.runs.references import run_folders
from training.settings import BackboneNetwork

_NOT_SHOWN = ("Not run here", "Each run", "published", "training accuracy", "command")
"""Sections and columns that only the page has."""


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
        metavar="FILE.md",
        help="write the tables here, and the measurements beside it (default: show the tables)",
    )
    add_training(parser)


def run(arguments: argparse.Namespace) -> None:
    """Run what is missing, one recipe after the other, and show or write the tables."""
    if arguments.seeds < 1:
        raise UsageError(f"--seeds must be at least 1, not {arguments.seeds}")
    if not (arguments.recipes or arguments.runs.is_dir() or arguments.runs == Path("runs")):
        raise UsageError(f"--runs {arguments.runs}: there is no such folder")
    names = list(RECIPES) if "all" in arguments.recipes else arguments.recipes
    chosen = [recipe_named(name) for name in names]
    listed = list({each.name: each for each in (*RECIPES.values(), *chosen)}.values())
    listed += _recipes_of_runs(arguments.runs, {each.name for each in listed})
    console = Console()
    reasons: dict[str, str] = {}
    _write(arguments, listed, reasons)
    for recipe in chosen:
        try:
            known = known_results(listed, arguments.runs, arguments.output)
            conditions = partial(_conditions, arguments, console)
            todo = missing(recipe, arguments.seeds, known.measurements, conditions)
            train(todo, arguments)
        except TrainingError as error:
            say(console, f"{recipe.name}: {error}")
            reasons[recipe.name] = _reason(error)
        _write(arguments, listed, reasons)
    if arguments.output:
        say(console, f"results: {arguments.output}")
    else:
        _show(_known(arguments, listed, reasons), listed)


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


def _recipes_of_runs(runs: Path, listed: Container[str]) -> list[Recipe]:
    """Return the project's recipes of runs that are not listed, such as those of a backbone."""
    found: dict[str, Recipe] = {}
    for folder in run_folders(runs):
        with contextlib.suppress(TrainingError, KeyError):
            facts = read_run(folder)
            if facts["recipe"] not in (*found, *RECIPES):
                found[facts["recipe"]] = recipe_named(facts["recipe"])
    return [recipe for name, recipe in found.items() if name not in listed]


def _known(
    arguments: argparse.Namespace, recipes: list[Recipe], reasons: dict[str, str]
) -> Results:
    known = known_results(recipes, arguments.runs, arguments.output)
    return replace(known, not_run={**known.not_run, **reasons})


def _write(arguments: argparse.Namespace, recipes: list[Recipe], reasons: dict[str, str]) -> None:
    if arguments.output:
        write_results(recipes, _known(arguments, recipes, reasons), arguments.output)


def _show(known: Results, recipes: list[Recipe]) -> None:
    """Print the tables of the page that are about runs."""
    console = whole_lines()
    found = [
        each for each in sections(recipes, known) if each.rows and each.title not in _NOT_SHOWN
    ]
    if not found:
        say(console, "there are no runs that have been evaluated")
    for section in found:
        if section.title:
            console.print()
            say(console, section.title)
        shown = [n for n, name in enumerate(section.columns) if name not in _NOT_SHOWN]
        table = plain_table(section.columns[index].removesuffix(" accuracy") for index in shown)
        for row in section.rows:
            table.add_row(*(row[index].replace("`", "") for index in shown))
        show(console, table)


def _reason(error: TrainingError) -> str:
    """Return the beginning of an error message, without folders and advice."""
    first = str(error).partition(":")[0]
    return "it failed here" if "/" in first or len(first) > 80 else first
