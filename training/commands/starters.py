"""`starters`: train the starter models in the source tree again."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.also_argument import add_also, also_assignments
from training.commands.arguments import add_training
from training.commands.training import train
from training.console import say
from training.overrides import override
from training.publishing.gate_policy import GatePolicy
from training.publishing.starters import STARTERS, install
from training.recipes import RECIPES, STARTER_RECIPES

_WITH_OWN = "clothing"
"""The model that `--also` is for."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_training(parser)
    add_also(parser)
    parser.add_argument("--into", type=Path, default=STARTERS, help="folder of the starters")


def run(arguments: argparse.Namespace) -> None:
    """Train the recipe of each starter model, and install it if it is good enough."""
    recipes = [RECIPES[name] for name in STARTER_RECIPES.values()]
    also = also_assignments(arguments)
    recipes = [override(each, also) if each.model == _WITH_OWN else each for each in recipes]
    policy = GatePolicy(force=True, report=False)  # They are part of the source tree.
    versions = train(recipes, arguments, arguments.runs / "starters", policy)
    for version in filter(None, versions):
        starter = install(version, arguments.into)
        say(Console(), f"starter: {starter}")
