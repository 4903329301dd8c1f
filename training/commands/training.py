"""What `run` and `starters` have in common: training recipes and publishing what they give."""

import argparse
from pathlib import Path

from rich.console import Console

from training.policy import Policy
from training.recipe import Recipe


def train(
    recipes: list[Recipe], arguments: argparse.Namespace, models: Path, policy: Policy
) -> list[Path]:
    """Train recipes one after the other.

    Args:
        recipes: with their overrides.
        arguments: of `add_training`.
        models: versions are published into its sub-folders.
        policy: how strict the publishing gate is.

    Returns:
        The folder of each published version.

    Raises:
        TrainingError: something went wrong; the recipes before have been published.
    """
    from training.devices import choose_device
    from training.running import Places, train_and_publish

    console = Console()
    device = choose_device(arguments.device)
    places = Places(arguments.data, models, arguments.runs)
    return [train_and_publish(recipe, places, device, console, policy) for recipe in recipes]
