"""One run of a recipe, from data to a published version."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import keras
from rich.console import Console

from training.card import circumstances, model_card
from training.cats_dogs import load_cats_dogs
from training.datasets import DataSet
from training.errors import TrainingError
from training.evaluation import evaluate
from training.fashion_mnist import load_fashion_mnist
from training.fitting import fit
from training.progress import FitProgress, counting
from training.publishing import publish
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
    recipe: Recipe, seed: int, places: Places, device: str, console: Console
) -> int:
    """Train a recipe, judge it on the test split and publish it.

    Args:
        recipe: with the overrides of this run.
        seed: decides the first weights, dropout, order and augmentation.
        places: the folders.
        device: what is trained on, in words.
        console: where progress is shown.

    Returns:
        The published version's number.

    Raises:
        TrainingError: one of the steps failed. Once trained, the weights are kept in the run's
            folder.
    """
    trained = circumstances(seed, device)
    data = load(recipe, places.data, console)
    run = _new_run_folder(places.runs, recipe)
    began = time.monotonic()
    network = _fit(recipe, data, seed, console)
    trained["seconds"] = round(time.monotonic() - began, 1)
    weights = _keep_weights(network, run)
    metrics = {"test": evaluate(network, data.test, data.labels)}
    if len(data.validation):
        metrics["validation"] = evaluate(network, data.validation, data.labels)
    card = model_card(recipe, data, metrics, trained)
    base = places.models / recipe.model
    try:
        number = publish(network, card, base)
    except TrainingError as error:
        raise TrainingError(f"{error}. The trained weights are in {weights}") from error
    console.print(
        f"{recipe.name}: test accuracy {metrics['test']['accuracy']:.2%} on {len(data.test):,}"
        f" photos, trained in {trained['seconds']:.0f} s, published as {base / str(number)}",
        highlight=False,
        soft_wrap=True,
    )
    return number


def load(recipe: Recipe, data: Path | None, console: Console) -> DataSet:
    """Load the data set of a recipe and say what it holds.

    Raises:
        TrainingError: it is not there, or damaged.
    """
    if recipe.dataset == "fashion-mnist":
        loaded = load_fashion_mnist(data, recipe.held_out)
    else:
        with counting(console, "preparing photos") as progress:
            loaded = load_cats_dogs(data, recipe.preparation, recipe.shape, progress)
    console.print(
        f"{loaded.name}: {len(loaded.training):,} photos to train on,"
        f" {len(loaded.validation):,} for validation, {len(loaded.test):,} for the test",
        highlight=False,
        soft_wrap=True,
    )
    for fault in loaded.damaged:
        console.print(f"set aside: {fault}", highlight=False, markup=False, soft_wrap=True)
    return loaded


def _fit(recipe: Recipe, data: DataSet, seed: int, console: Console) -> keras.Model:
    shown = FitProgress(console)
    try:
        return fit(recipe, data, seed, [shown])
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


def _keep_weights(network: keras.Model, run: Path) -> Path:
    path = run / "trained.weights.h5"
    try:
        network.save_weights(path)
    except OSError as error:
        raise TrainingError(f"cannot keep the trained weights in {path}: {error}") from error
    return path
