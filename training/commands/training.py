"""What `run` and `starters` have in common: training recipes and publishing what they give."""

import argparse
from pathlib import Path

from rich.console import Console

from training.publishing.policy import Policy
from training.recipe import Recipe


def train(
    recipes: list[Recipe], arguments: argparse.Namespace, models: Path, policy: Policy
) -> list[Path | None]:
    """Train recipes one after the other.

    Args:
        recipes: with their overrides.
        arguments: of `add_training`.
        models: versions are published into its sub-folders.
        policy: how strict the publishing gate is.

    Returns:
        The folder of each published version; None where the backend writes no SavedModel.

    Raises:
        TrainingError: something went wrong; the recipes before have been published.
        Preempted: SIGTERM came; the same command goes on.
    """
    from training.fitting.devices import choose_devices
    from training.fitting.interruption import terminable

    console = Console()
    with terminable():
        devices = choose_devices(arguments.device, deterministic=arguments.deterministic)
        # Only now, since Keras ends in a traceback where its backend is missing.
        from training.pipeline.train import Paths, RunOptions, train_and_publish

        manner = RunOptions(
            devices=devices,
            policy=policy,
            fresh=arguments.fresh,
            deterministic=arguments.deterministic,
            checkpoint_minutes=arguments.checkpoint_minutes,
            tensorboard=arguments.tensorboard,
        )
        places = Paths(arguments.data, models, arguments.runs)
        return [train_and_publish(recipe, places, manner, console) for recipe in recipes]
