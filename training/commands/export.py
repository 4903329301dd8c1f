"""`export`: publish a run that was trained where no SavedModel can be written."""

import argparse
from pathlib import Path

from rich.console import Console

from training.backends import backend_name
from training.commands.arguments import add_data, add_gate, add_models, gate_policy
from training.errors import TrainingError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "checkpoint",
        type=Path,
        metavar="CHECKPOINT",
        help="folder of a trained run, or trained.keras in it",
    )
    parser.add_argument(
        "--recipe", metavar="FILE", help="where the recipe's own file is now (default: as noted)"
    )
    add_data(parser)
    add_models(parser, "publish into here")
    add_gate(parser)


def run(arguments: argparse.Namespace) -> None:
    """Evaluate the network of a run again, with TensorFlow, and publish it."""
    if backend_name() != "tensorflow":
        raise TrainingError("a SavedModel is written by TensorFlow: set KERAS_BACKEND=tensorflow")
    from training.pipeline.publish_run import publish_run

    folder: Path = arguments.checkpoint
    publish_run(
        folder if folder.is_dir() else folder.parent,
        arguments.data,
        arguments.models,
        gate_policy(arguments),
        Console(),
        arguments.recipe,
    )
