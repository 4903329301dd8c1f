"""`prune`: remove old versions of models."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import add_models
from training.commands.rollback_arguments import add_tls, chosen_tls
from training.console import say
from training.errors import TrainingError, UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="names of models")
    parser.add_argument(
        "--all",
        action="store_true",
        help="all models: those that --model_config_file names, or without it those in --models",
    )
    add_models(parser)
    parser.add_argument("--keep", type=int, default=5, help="how many of the newest to keep")
    parser.add_argument("--model-server", metavar="HOST:PORT", help="keep the versions it serves")
    add_tls(parser)
    parser.add_argument(
        "--model_config_file", type=Path, help="keep the versions that this file selects"
    )


def run(arguments: argparse.Namespace) -> str:
    """Remove all versions except the newest and those in use, and return and print their numbers.

    Raises:
        UsageError: no model is named, or both some and all.
        TrainingError: a model can't be pruned; the others are.
    """
    from training.publishing.pruning import prunable_models, prune_model

    if bool(arguments.names) == arguments.all:
        raise UsageError("name the models to prune, or all of them with --all")
    models, config, tls = arguments.models, arguments.model_config_file, chosen_tls(arguments)
    console, lines, errors = Console(), [], []
    for name in prunable_models(models, config) if arguments.all else arguments.names:
        try:
            removed = prune_model(models, name, arguments.keep, arguments.model_server, config, tls)
        except TrainingError as error:
            errors.append(str(error))
        else:
            lines.append(f"{name}: removed {', '.join(map(str, removed)) or 'nothing'}")
            say(console, lines[-1])
    if errors:
        raise TrainingError("; ".join(errors))
    return "; ".join(lines)
