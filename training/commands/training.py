"""Training recipes one after the other, for `run`, `results` and `starters`."""

import argparse
from pathlib import Path

from rich.console import Console

from training.pipeline.sources import Source
from training.publishing.gate_policy import GatePolicy
from training.recipe import Recipe


def train(
    recipes: list[Recipe],
    arguments: argparse.Namespace,
    models: Path,
    policy: GatePolicy,
    source: Source | None = None,
) -> list[Path | None]:
    """Train recipes one after the other, with the arguments of `add_training`.

    With a source, the runs start from it.

    Returns:
        The folder of each published version; None if the backend writes no SavedModel.

    Raises:
        TrainingError: a recipe failed; those before it have been published.
        Preempted: SIGTERM was received; the same command resumes.
    """
    from training.fitting.devices import choose_devices
    from training.fitting.interruption import terminable

    console = Console()
    with terminable():
        devices = choose_devices(arguments.device, deterministic=arguments.deterministic)
        # Imported after the check for the backend: without it, Keras would raise a traceback.
        from training.pipeline.train import Paths, RunOptions, train_and_publish

        options = RunOptions(
            devices=devices,
            policy=policy,
            fresh=arguments.fresh,
            deterministic=arguments.deterministic,
            checkpoint_minutes=arguments.checkpoint_minutes,
            tensorboard=arguments.tensorboard,
            source=source,
        )
        paths = Paths(arguments.data, models, arguments.runs)
        return [train_and_publish(recipe, paths, options, console) for recipe in recipes]
