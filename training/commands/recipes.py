"""`recipes`: list the recipes, or the settings of one."""

import argparse

from rich.console import Console
from rich.table import Table

from training.commands.setting_bounds import bounds, parts_off
from training.console import say, show, whole_lines
from training.overrides import hyperparameters, shown_value
from training.recipe import Recipe
from training.recipes import DEFAULTS, RECIPES, recipe_named
from training.settings import description

_WIDE = 140  # Columns of a terminal that has space for four of a table.


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "recipe",
        nargs="?",
        metavar="RECIPE",
        help="show its settings; a name or a file",
    )


def run(arguments: argparse.Namespace) -> None:
    """Print all recipes, or what `--set` can change in one of them."""
    if arguments.recipe:
        _show(recipe_named(arguments.recipe), whole_lines())
    else:
        show(Console(), _recipes())


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


def _settings(recipe: Recipe, width: int) -> Table:
    """Return a table of what `--set` can change; narrow ones with bounds below values."""
    stacked = width < _WIDE
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    columns = ("setting", "meaning") if stacked else ("setting", "value", "bounds", "meaning")
    for column in columns:
        widest = None if column == "meaning" else max(_WIDE, width) // 4
        table.add_column(column, overflow="fold", max_width=widest)
    for name, value in hyperparameters(recipe).items():
        group, _, inner = name.rpartition(".")
        holder = getattr(recipe, group) if group else recipe
        limits, shown = bounds(holder, inner, value), shown_value(value)
        cells = [f"{name}={shown}\n  {limits}"] if stacked else [name, shown, limits]
        table.add_row(*cells, " ".join(description(holder, inner).split()))
    return table


def _show(recipe: Recipe, console: Console) -> None:
    say(console, f"{recipe.name}: {recipe.what}")
    sides = "×".join(map(str, recipe.shape))
    say(console, f"data: {recipe.dataset}, prepared as {recipe.preparation}, {sides}")
    say(console, f"expected: {recipe.expected}")
    console.print()
    show(console, _settings(recipe, console.width))
    for name, what, settings in parts_off(recipe):
        say(
            console,
            f"{name} is off ({what.removesuffix('.').lower()}); a recipe of your own can have"
            f" {', '.join(settings)}",
        )
