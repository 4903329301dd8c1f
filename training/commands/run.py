"""`run`: train a recipe and publish the model."""

import argparse

from training.commands.arguments import (
    Commands,
    add_gate,
    add_models,
    add_recipe,
    add_training,
    chosen_recipe,
    gate_policy,
)
from training.commands.training import train


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser("run", help="train a recipe and publish the model")
    add_recipe(parser)
    add_models(parser, "publish into here")
    add_training(parser)
    add_gate(parser)
    parser.set_defaults(command=run)


def run(arguments: argparse.Namespace) -> None:
    """Train a recipe and publish the model."""
    train([chosen_recipe(arguments)], arguments, arguments.models, gate_policy(arguments))
