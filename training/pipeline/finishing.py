"""What comes after fitting, in whichever process the trained network is: judged, then published."""

import shlex
from pathlib import Path

import keras
from rich.console import Console

from training.backends import backend_name
from training.data.datasets import DataSet
from training.errors import TrainingError
from training.pipeline.finalize import judge_and_keep, release, report
from training.publishing.policy import Policy
from training.recipe import Recipe
from training.runs.folders import Run

SAVED_MODEL_BACKEND = "tensorflow"


def finish(
    network: keras.Model,
    recipe: Recipe,
    data: DataSet,
    data_folder: Path | None,
    run: Run,
    base: Path,
    policy: Policy,
    console: Console,
) -> Path | None:
    """Calibrate a trained network, judge it on the test split and publish it.

    Args:
        network: to serve, float32.
        recipe: with the overrides of the run.
        data: what it was trained on.
        data_folder: where data sets of what it was not trained on are looked for.
        run: has noted under which circumstances it was trained.
        base: the model's folder of versions.
        policy: how strict the publishing gate is.
        console: where the outcome is said.

    Returns:
        The folder of the published version; None where the backend writes no SavedModel. Then it
        is said how to go on.

    Raises:
        Refused: by the gate.
        TrainingError: one of the steps failed.
    """
    facts = run.facts()
    how = {**facts["trained"], "run": facts["id"]}
    outcome = judge_and_keep(network, recipe, data, data_folder, how, run.folder)
    accuracy = outcome.card["metrics"]["test"]["accuracy"]
    told = (
        f"{recipe.name}: test accuracy {accuracy:.2%} on {len(data.test):,} photos, trained in"
        f" {how['seconds']:.0f} s"
    )
    if backend_name() != SAVED_MODEL_BACKEND:
        report(run.folder, console)
        say(console, f"{told}. To publish it, where TensorFlow is:")
        say(console, _export_command(run.folder, data_folder, base.parent))
        return None
    try:
        version = release(outcome, base, policy, console)
    except TrainingError as error:
        raise type(error)(f"{error}. Trained network and card are in {run.folder}") from error
    run.note(status="published", version=str(version))
    say(console, f"{told}, published as {version}")
    return version


def _export_command(run: Path, data: Path | None, models: Path) -> str:
    """Return what publishes a run, as a shell reads it."""
    words = ["python", "-m", "training", "export", str(run)]
    words += ["--data", str(data)] if data else []
    return shlex.join([*words, "--models", str(models)])


def say(console: Console, line: str) -> None:
    """Print a line as it is, however long."""
    console.print(line, highlight=False, markup=False, soft_wrap=True)
