"""One run of a recipe, from data to a published version."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import keras
import tensorflow as tf
from rich.console import Console

from training.card import circumstances
from training.conclusion import judge_and_keep, release
from training.datasets import DataSet
from training.errors import TrainingError
from training.fitting import fit
from training.history import HistoryWriter
from training.interruption import interruptible
from training.loading import load
from training.policy import Policy
from training.progress import FitProgress
from training.publishing import check_folder
from training.recipe import Recipe


@dataclass(frozen=True)
class Places:
    """The folders of a run.

    Attributes:
        data: where data sets are looked for first; None: only where PHOTOLABEL_DATA says.
        models: versions are published into its sub-folder named as the model.
        runs: trained weights are kept in a sub-folder for each run.
    """

    data: Path | None
    models: Path
    runs: Path


def train_and_publish(
    recipe: Recipe, places: Places, device: str, console: Console, policy: Policy | None = None
) -> Path:
    """Train a recipe, judge it on the test split and publish it.

    Args:
        recipe: with the overrides of this run.
        places: the folders.
        device: what is trained on, in words.
        console: where progress is shown.
        policy: how strict the publishing gate is; its defaults if None.

    Returns:
        The folder of the published version.

    Raises:
        Refused: by the gate.
        TrainingError: one of the steps failed. Weights once trained are kept in the run's folder.
    """
    console.print(f"{recipe.name}, seed {recipe.seed}, on {device}", highlight=False)
    base = places.models / recipe.model
    check_folder(base)
    how = circumstances(device)
    data = load(recipe, places.data, console)
    run = _new_run_folder(places.runs, recipe)
    began = time.monotonic()
    network = _fit(recipe, data, run, console)
    how["seconds"] = round(time.monotonic() - began, 1)
    _keep(network, run)
    outcome = judge_and_keep(network, recipe, data, how, run)
    try:
        version = release(outcome, base, policy or Policy(), console)
    except TrainingError as error:
        raise type(error)(f"{error}. Trained weights and card are in {run}") from error
    accuracy = outcome.card["metrics"]["test"]["accuracy"]
    console.print(
        f"{recipe.name}: test accuracy {accuracy:.2%} on {len(data.test):,}"
        f" photos, trained in {how['seconds']:.0f} s, published as {version}",
        highlight=False,
        soft_wrap=True,
    )
    return version


def _fit(recipe: Recipe, data: DataSet, run: Path, console: Console) -> keras.Model:
    shown = FitProgress(console)
    history = HistoryWriter(run, min(recipe.batch_size, len(data.training)))
    try:
        with interruptible() as stop:
            return fit(recipe, data, [history, shown, stop])
    except tf.errors.ResourceExhaustedError as error:
        raise TrainingError(
            "out of memory: try a smaller --set batch_size or a smaller network"
        ) from error
    finally:
        shown.close()


def _new_run_folder(runs: Path, recipe: Recipe) -> Path:
    """Make the folder of this run: by recipe, then by time."""
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    folder = runs / recipe.name / moment
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise TrainingError(
            f"cannot make the run's folder {folder} ({error.strerror}); name another with --runs"
        ) from error
    return folder


def _keep(network: keras.Model, run: Path) -> None:
    """Keep what was trained, before anything can go wrong with publishing it."""
    try:
        network.save_weights(run / "trained.weights.h5")
    except OSError as error:
        raise TrainingError(f"cannot keep the trained weights in {run} ({error})") from error
