"""One trial: a recipe that is fitted, in a run that ends before its evaluation."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from training.console import say
from training.errors import InUse, TrainingError
from training.fitting.feature_cache import with_features
from training.metrics.intervals import accuracy_interval
from training.model_cards import CARD, read_card
from training.pipeline.opened_run import identity_of
from training.pipeline.run_options import Paths, RunOptions
from training.pipeline.shared_epochs import shared_with
from training.pipeline.train import fit_recipe, run_recipe
from training.recipe import Recipe
from training.runs.folders import TRAINED, read_run
from training.runs.history import HISTORY, chosen_epoch, read_history
from training.runs.identity import RunIdentity
from training.runs.names import existing_folders, key_of

Figures = dict[str, Any]
"""Of a trial: `key` and `run` (name of the folder), `epochs` (of its weights), `validation_loss`
(mean cross-entropy in nats), `validation_accuracy`, `seconds` of fitting, `parameters` (of the
network, a frozen backbone included)."""

_POLL = 2.0  # Seconds between two looks whether a run is still worked on.


class Trainer:
    """Fits recipes one after the other; their photos and backbone are loaded once.

    Args:
        paths: folders of the data and the runs.
        options: how they are fitted; epochs are always shared.
        console: shows what is loaded, but not the epochs of the fits.
    """

    def __init__(self, paths: Paths, options: RunOptions, console: Console) -> None:
        self._paths = paths
        self._options = replace(options, share_epochs=True)
        self._console = console

    def fit(
        self, recipe: Recipe, after_epoch: Callable[[dict[str, float]], None] | None = None
    ) -> Figures:
        """Fit a recipe, or find the run in which that has been done, and return its figures.

        While another process works on the same run, such as `run` or another sweep, it waits.

        Args:
            recipe: with all settings.
            after_epoch: see `RunOptions`.

        Raises:
            TrainingError: a step failed; completed steps are kept.
        """
        options = replace(self._options, after_epoch=after_epoch)
        quiet = Console(quiet=True)
        return figures_of(
            self._alone(lambda: fit_recipe(recipe, self._paths, options, quiet), self._console)
        )

    def figures(self, recipe: Recipe) -> Figures:
        """Return the figures of a run that has ended early: those of its last epoch."""
        key = self.identity(recipe).key
        *_, folder = existing_folders(self._paths.runs / recipe.name, key).values()
        return figures_of(folder)

    def evaluate(self, recipe: Recipe, console: Console) -> dict[str, Any]:
        """Fit a recipe if that has not been done, and evaluate it on its test photos.

        Returns:
            `seed`, `validation_accuracy`, `test_accuracy`, `test_low`, `test_high` (95% interval),
            `seconds` of fitting and `run`.

        Raises:
            TrainingError: a step failed; completed steps are kept.
        """
        folder = self._alone(
            lambda: run_recipe(recipe, self._paths, self._options, console).run, console
        )
        card = read_card(folder / CARD)
        test = card["metrics"]["test"]
        low, high = accuracy_interval(round(test["accuracy"] * test["photos"]), test["photos"])
        return {
            "seed": recipe.seed,
            "validation_accuracy": card["metrics"]["validation"]["accuracy"],
            "test_accuracy": test["accuracy"],
            "test_low": low,
            "test_high": high,
            "seconds": card["trained"]["seconds"],
            "run": folder.name,
        }

    @staticmethod
    def _alone(work: Callable[[], Path], console: Console) -> Path:
        """Return the folder of a run that is worked on, once no other process does."""
        said = False
        while True:
            try:
                return work()
            except InUse as error:
                if not said:
                    say(console, f"waits for {error.holder}, which works on the same run")
                said = True
            time.sleep(_POLL)

    def prepare(self, recipe: Recipe) -> None:
        """Load the data of a recipe, and compute the features of its backbone, showing progress.

        Raises:
            TrainingError: the data can't be loaded, or has no validation photos.
        """
        data = self._options.load(recipe, self._paths.data, self._console)
        if not len(data.validation):
            raise TrainingError(
                f"{data.name} has no validation photos to choose settings by: --set held_out=0.1"
                " sets some of the training photos aside"
            )
        if data.backbone:
            with_features(recipe, data, data.backbone, self._console)

    def identity(self, recipe: Recipe) -> RunIdentity:
        """Return the identity of the run of a recipe."""
        data = self._options.load(recipe, self._paths.data, Console(quiet=True))
        return identity_of(recipe, data, deterministic=self._options.deterministic)

    def epochs_known(self, recipe: Recipe) -> int:
        """Return how many epochs of a recipe's run are there already, or in a run it can share."""
        identity = self.identity(recipe)
        for folder in existing_folders(self._paths.runs / recipe.name, identity.key).values():
            if (folder / TRAINED).exists():
                return recipe.epochs
        shared = shared_with(self._paths.runs, identity, recipe)
        return shared.epochs if shared else 0


def figures_of(folder: Path) -> Figures:
    """Return what a fitted run, or one that has ended early, says of its validation photos.

    Raises:
        TrainingError: its files are damaged, or its history is missing.
    """
    facts, history = read_run(folder), read_history(folder)
    if not history:
        raise TrainingError(
            f"{folder} has no {HISTORY}, which has its figures: remove the folder, and the same"
            " command trains it again"
        ) from FileNotFoundError(folder / HISTORY)  # As of any file: the trial is not to blame.
    trained = facts["trained"]
    epoch = chosen_epoch(history, trained)
    return {
        "key": key_of(folder).partition("-")[0],
        "run": folder.name,
        "epochs": epoch["epoch"],
        "validation_loss": epoch.get("val_loss"),
        "validation_accuracy": epoch.get("val_accuracy"),
        "seconds": trained.get("seconds", sum(entry["seconds"] for entry in history)),
        "parameters": facts.get("network_parameters"),
    }
