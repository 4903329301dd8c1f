"""`recipes`: list the recipes, or the hyperparameters of one."""

import argparse

from rich.console import Console
from rich.table import Table

from training.overrides import hyperparameters
from training.recipe import Recipe
from training.recipes import DEFAULTS, RECIPES, recipe_named
from training.settings import description


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "recipe", nargs="?", metavar="RECIPE", help="show its hyperparameters; a name or a file"
    )


def run(arguments: argparse.Namespace) -> None:
    """Print all recipes, or what `--set` can change in one of them."""
    table = _hyperparameters(recipe_named(arguments.recipe)) if arguments.recipe else _recipes()
    Console().print(table, markup=False)


def _recipes() -> Table:
    table = Table(show_lines=True)
    for name in ("recipe", "what", "data", "expected"):
        table.add_column(name, no_wrap=name == "recipe", overflow="fold")
    for recipe in RECIPES.values():
        table.add_row(recipe.name + _default(recipe), recipe.what, recipe.dataset, recipe.expected)
    return table


def _default(recipe: Recipe) -> str:
    default = DEFAULTS.get(recipe.model)
    for name, where in ((default.cpu, "without"), (default.gpu, "with")) if default else ():
        if recipe.name == name:
            return f"\n(default of {recipe.model}\n{where} a GPU)"
    return ""


def _hyperparameters(recipe: Recipe) -> Table:
    table = Table()
    for column in ("hyperparameter", "value", "meaning"):
        table.add_column(column, overflow="fold")
    for name, value in hyperparameters(recipe).items():
        group, _, inner = name.rpartition(".")
        holder = getattr(recipe, group) if group else recipe
        table.add_row(name, str(value), " ".join(description(holder, inner).split()))
    return table
