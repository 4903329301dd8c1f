"""`run`: train and evaluate a recipe; with `--publish`, publish the model."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import (
    add_models,
    add_recipe,
    add_training,
    chosen_recipe,
    named,
    with_overrides,
)
from training.commands.gate_arguments import add_gate, gate_policy
from training.commands.training import train
from training.console import say
from training.errors import UsageError
from training.model_cards import VERSION_CARD, read_card, stated_accuracy
from training.pipeline.sources import Source, find_source, run_of_version
from training.publishing.gate_policy import GatePolicy
from training.recipe import Recipe
from training.recipes import default_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_recipe(parser, required=False)
    parser.add_argument(
        "--from",
        dest="source",
        metavar="RUN|NAME/VERSION",
        help="continue this run if only `epochs` is higher, otherwise start from its weights or"
        " those of a published version; without RECIPE, its recipe, settings and data are used",
    )
    add_training(parser)
    parser.add_argument(
        "--publish", action="store_true", help="publish the model if the gate lets it pass"
    )
    add_models(parser, "folder of the models, to publish into")
    add_gate(parser)
    parser.add_argument(
        "--name",
        metavar="MODEL",
        help="name of the model; only for your own photos, where it is required",
    )


def run(arguments: argparse.Namespace) -> str | None:
    """Train and evaluate a recipe, and publish the model if asked.

    Returns:
        What was published, in one line; None if nothing was.
    """
    policy = gate_policy(arguments)
    if not arguments.publish and policy != GatePolicy():
        raise UsageError(
            "--tolerance, --force and --model_config_file have no effect without --publish"
        )
    source = _source(arguments)
    recipe = _recipe_of(source, arguments) or chosen_recipe(arguments)
    recipe = named(recipe, arguments.name)
    say(Console(), _introduction(recipe, source, arguments))
    published = policy if arguments.publish else None
    (version,) = train([recipe], arguments, arguments.models, published, source)
    return _published(version) if version else None


def _published(version: Path) -> str:
    accuracy = stated_accuracy(read_card(version / VERSION_CARD))
    return f"published as {version}" + ("" if accuracy is None else f", test {accuracy:.2%}")


def _source(arguments: argparse.Namespace) -> Source | None:
    """Return the run or the version that `--from` names; None without it.

    Raises:
        UsageError: neither it nor a recipe is named.
        TrainingError: there is no such run or version, or it has not been trained to its end.
    """
    if arguments.source is not None:
        return find_source(arguments.source, arguments.runs, arguments.models)
    if not _names_recipe(arguments):
        raise UsageError("give a RECIPE (`python -m training recipes` lists them) or --from RUN")
    return None


def _recipe_of(source: Source | None, arguments: argparse.Namespace) -> Recipe | None:
    """Return the recipe of a source with the overrides of the arguments; None if one is named.

    The folder of data and `--deterministic` are then those of the source, too, unless they are
    given: `arguments` are changed.

    Raises:
        UsageError: the recipe is not there any more, or a setting is wrong.
    """
    if source is None or _names_recipe(arguments):
        return None
    if source.is_version:  # Its run knows more than its card.
        source = run_of_version(source, arguments.runs) or source
    arguments.deterministic |= source.facts.get("deterministic", False)
    if arguments.data is arguments.photos is None and source.facts.get("data_folder"):
        arguments.data = Path(source.facts["data_folder"])
    return with_overrides(source.recipe(), arguments)


def _names_recipe(arguments: argparse.Namespace) -> bool:
    return any((arguments.recipe, arguments.file is not None, arguments.default_of))


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
