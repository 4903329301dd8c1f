"""The argument `--from` of `run`: another run, or a published version, to start from."""

import argparse
from pathlib import Path

from training.commands.arguments import with_overrides
from training.errors import UsageError
from training.pipeline.sources import Source, find_source, run_of_version
from training.recipe import Recipe


def add_from(parser: argparse.ArgumentParser) -> None:
    """Let a command start from a run or a published version: see `source_of`."""
    parser.add_argument(
        "--from",
        dest="source",
        metavar="RUN|NAME/VERSION",
        help="continue this run, if only epochs are more, or start from its weights or those of a"
        " published version; without RECIPE: with the recipe, settings and data of that run",
    )


def source_of(arguments: argparse.Namespace) -> Source | None:
    """Return what the argument of `add_from` names; None without it.

    Raises:
        UsageError: neither it nor a recipe is named.
        TrainingError: there is no such run or version, or it has not been trained to its end.
    """
    if arguments.source is not None:
        return find_source(arguments.source, arguments.runs, arguments.models)
    if not _names_recipe(arguments):
        raise UsageError("name a RECIPE (`python -m training recipes` lists them), or --from RUN")
    return None


def recipe_from(source: Source | None, arguments: argparse.Namespace) -> Recipe | None:
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
