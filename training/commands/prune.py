"""`prune`: remove old versions of a model."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import Commands, add_models


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser("prune", help="remove old versions of a model")
    parser.add_argument("name", metavar="NAME", help="of the model")
    add_models(parser)
    parser.add_argument("--keep", type=int, default=5, help="how many of the newest to keep")
    parser.add_argument("--model-server", metavar="HOST:PORT", help="keep what it serves")
    parser.add_argument(
        "--model_config_file", type=Path, help="keep what this file of the model server names"
    )
    parser.set_defaults(command=prune)


def prune(arguments: argparse.Namespace) -> None:
    """Remove all versions but the newest and those in use, and say which."""
    from training.publishing.pruning import prune_model

    removed = prune_model(
        arguments.models,
        arguments.name,
        arguments.keep,
        arguments.model_server,
        arguments.model_config_file,
    )
    numbers = ", ".join(map(str, removed)) or "nothing"
    Console().print(f"{arguments.name}: removed {numbers}", highlight=False)
