"""`run`: train a recipe and publish the model."""

import argparse
from dataclasses import replace

from rich.console import Console

from training.commands.arguments import (
    add_gate,
    add_models,
    add_recipe,
    add_training,
    chosen_recipe,
    gate_policy,
)
from training.commands.training import train
from training.console import say
from training.errors import UsageError
from training.recipe import ANY_PHOTOS, Recipe
from training.recipes import default_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_recipe(parser)
    add_models(parser, "publish into here")
    add_training(parser)
    add_gate(parser)
    parser.add_argument(
        "--name",
        metavar="MODEL",
        help="publish as this model; for recipes of any photos, such as images-<backbone>",
    )


def run(arguments: argparse.Namespace) -> None:
    """Train a recipe and publish the model."""
    recipe = chosen_recipe(arguments)
    say(Console(), _introduction(recipe, arguments))
    if arguments.name is not None:
        recipe = _named(recipe, arguments.name)
    train([recipe], arguments, arguments.models, gate_policy(arguments))


def _introduction(recipe: Recipe, arguments: argparse.Namespace) -> str:
    """Say which recipe is run, why, and which result to expect."""
    changed = " (without the changes by --set)" if arguments.assignments else ""
    model = arguments.default_of
    if arguments.photos:
        shape = "×".join(map(str, recipe.shape))
        return (
            f"{recipe.name} on your photos, which become {shape} by {recipe.preparation}"
            " (--shape and --preparation change this)"
        )
    if not model:
        return f"{recipe.name}: {recipe.expected}{changed}"
    where = "with" if recipe.name == default_of(model).gpu else "without"
    return (
        f"{recipe.name}, the default for {model} {where} a GPU: {recipe.expected}{changed};"
        " for another: make train RECIPE=NAME (`python -m training recipes` lists them)"
    )


def _named(recipe: Recipe, model: str) -> Recipe:
    """Return a recipe for any photos with another name of its model, or raise UsageError."""
    if recipe.dataset != ANY_PHOTOS:
        raise UsageError(
            f"--name is for your own photos (--photos); {recipe.name} trains {recipe.model}"
        )
    return replace(recipe, model=model)
