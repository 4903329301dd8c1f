"""`run`: train and evaluate a recipe; with `--publish`, publish the model."""

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
from training.commands.start import add_from, recipe_from, source_of
from training.commands.training import train
from training.console import say
from training.errors import UsageError
from training.pipeline.sources import Source
from training.publishing.gate_policy import GatePolicy
from training.recipe import ANY_PHOTOS, Recipe
from training.recipes import default_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_recipe(parser, required=False)
    add_from(parser)
    add_training(parser)
    parser.add_argument(
        "--publish", action="store_true", help="publish it if the gate lets it pass"
    )
    add_models(parser, "publish into here")
    add_gate(parser)
    parser.add_argument(
        "--name",
        metavar="MODEL",
        help="name of the model; for recipes of any photos, such as images-<backbone>",
    )


def run(arguments: argparse.Namespace) -> None:
    """Train and evaluate a recipe, and publish the model if asked."""
    policy = gate_policy(arguments)
    if not arguments.publish and policy != GatePolicy():
        raise UsageError(
            "--tolerance, --force and --model_config_file have no effect without --publish"
        )
    source = source_of(arguments)
    recipe = recipe_from(source, arguments) or chosen_recipe(arguments)
    recipe = _named(recipe, arguments.name)
    say(Console(), _introduction(recipe, source, arguments))
    train([recipe], arguments, arguments.models, policy if arguments.publish else None, source)


def _introduction(recipe: Recipe, source: Source | None, arguments: argparse.Namespace) -> str:
    """Say which recipe is run, why, and which result to expect."""
    if source:
        return f"{recipe.name} from {source.name}"
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


def _named(recipe: Recipe, model: str | None) -> Recipe:
    """Return a recipe for any photos with the name of its model.

    Raises:
        UsageError: the name is missing, invalid, or for another recipe.
    """
    if model is None:
        if recipe.model == ANY_PHOTOS:
            raise UsageError(
                f"{recipe.name} needs the name of the model, such as --name flowers: versions of"
                " the same name replace each other"
            )
        return recipe
    if recipe.dataset != ANY_PHOTOS:
        raise UsageError(
            f"--name is for your own photos (--photos); {recipe.name} trains {recipe.model}"
        )
    return replace(recipe, model=model)
