"""Training recipes one after the other, for `run`, `results` and `starters`."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from training.backends import backend_name
from training.errors import TrainingError
from training.pipeline.sources import Source
from training.publishing.gate_policy import GatePolicy
from training.recipe import Recipe

if TYPE_CHECKING:
    from training.pipeline.finalize import Evaluated


def train(
    recipes: list[Recipe],
    arguments: argparse.Namespace,
    models: Path = Path("models"),
    policy: GatePolicy | None = None,
    source: Source | None = None,
    after_evaluation: "Callable[[Evaluated], None] | None" = None,
) -> list[Path | None]:
    """Train and evaluate recipes one after the other, with the arguments of `add_training`.

    With a policy for the gate, they are published into `models`.

    With a source, the runs start from it. `after_evaluation` is called before one is published.

    Returns:
        The folder of each published version.

    Raises:
        TrainingError: a recipe failed; those before it have ended.
        Preempted: SIGTERM was received; the same command resumes.
    """
    from training.fitting.devices import choose_devices
    from training.fitting.interruption import terminable

    if policy:
        check_publishing()
    console = Console()
    with terminable():
        devices = choose_devices(arguments.device, deterministic=arguments.deterministic)
        # Imported after the check for the backend: without it, Keras would raise a traceback.
        from training.pipeline.run_options import Paths, RunOptions
        from training.pipeline.train import run_recipe

        options = RunOptions(
            devices=devices,
            policy=policy,
            fresh=arguments.fresh,
            deterministic=arguments.deterministic,
            checkpoint_minutes=arguments.checkpoint_minutes,
            tensorboard=arguments.tensorboard,
            source=source,
            after_evaluation=after_evaluation,
        )
        paths = Paths(arguments.data, models, arguments.runs)
        return [run_recipe(recipe, paths, options, console).version for recipe in recipes]


def check_publishing() -> None:
    """Raise TrainingError if the backend can't write what is published."""
    if backend_name() != "tensorflow":
        raise TrainingError(
            "a SavedModel is written by TensorFlow: set KERAS_BACKEND=tensorflow, or `run` without"
            " --publish, and `publish` the run where TensorFlow is installed"
        )
