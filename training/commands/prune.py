"""`prune`: remove old versions of a model."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import add_models
from training.console import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("name", metavar="NAME", help="name of the model")
    add_models(parser)
    parser.add_argument("--keep", type=int, default=5, help="how many of the newest to keep")
    parser.add_argument("--model-server", metavar="HOST:PORT", help="keep the versions it serves")
    parser.add_argument(
        "--model_config_file", type=Path, help="keep the versions that this file selects"
    )


def run(arguments: argparse.Namespace) -> None:
    """Remove all versions except the newest and those in use, and print their numbers."""
    from training.publishing.pruning import prune_model

    removed = prune_model(
        arguments.models,
        arguments.name,
        arguments.keep,
        arguments.model_server,
        arguments.model_config_file,
    )
    numbers = ", ".join(map(str, removed)) or "nothing"
    say(Console(), f"{arguments.name}: removed {numbers}")
