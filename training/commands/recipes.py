"""`recipes`: list the recipes."""

import argparse

from rich.console import Console
from rich.table import Table

from training.commands.arguments import Commands
from training.recipes import DEFAULTS, RECIPES


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser("recipes", help="list the recipes")
    parser.set_defaults(command=recipes)


def recipes(arguments: argparse.Namespace) -> None:
    """Show what each recipe trains, on what, and what is to be expected."""
    table = Table(show_lines=True)
    for name in ("recipe", "what", "data", "expected"):
        table.add_column(name, no_wrap=name == "recipe")
    for recipe in RECIPES.values():
        default = f"\n(default of {recipe.model})" if recipe.name in DEFAULTS.values() else ""
        table.add_row(recipe.name + default, recipe.what, recipe.dataset, recipe.expected)
    Console().print(table)
