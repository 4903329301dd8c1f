"""A run that has ended, as data frames."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from training.errors import TrainingError
from training.model_cards import read_run_card, times
from training.publishing.gate_policy import TOLERANCE, GatePolicy
from training.python_api.frames import read_predictions
from training.python_api.session import console, devices
from training.recipe import Recipe
from training.runs.folders import read_run
from training.runs.history import HISTORY, read_history
from training.runs.predictions import PREDICTIONS

_EPOCH = {"val_loss": "validation_loss", "val_accuracy": "validation_accuracy"}


@dataclass(frozen=True)
class RunPaths:
    """The files of a run.

    Attributes:
        folder: of the run.
        report: `report.html`, with its pictures beside it.
        predictions: `predictions.csv`.
        history: `history.json`.
        network: `trained.keras`, the trained network, which Keras loads.
    """

    folder: Path
    report: Path
    predictions: Path
    history: Path
    network: Path


class TrainedRun:
    """A run that was trained and evaluated.

    Attributes:
        folder: of the run.
        recipe: with the settings of the run; None if it was opened by its folder.
    """

    def __init__(self, folder: str | Path, recipe: Recipe | None = None) -> None:
        """Open the run in a folder.

        Raises:
            TrainingError: it is not the folder of a run.
        """
        self.folder, self.recipe = Path(folder), recipe
        if not read_run(self.folder):
            raise TrainingError(f"{folder} is not the folder of a run")

    @property
    def paths(self) -> RunPaths:
        """The files of the run."""
        from training.report import PAGE
        from training.runs.folders import TRAINED

        names = PAGE, PREDICTIONS, HISTORY, TRAINED
        return RunPaths(self.folder, *(self.folder / name for name in names))

    @cached_property
    def history(self) -> pd.DataFrame:
        """The epochs: a row for each, by its number from 1 (`epoch`).

        Columns: `loss` (mean cross-entropy in nats, as fitted) and `accuracy` (0 to 1) on the
        training photos, means over the epoch; `validation_loss` and `validation_accuracy`, if there
        are validation photos; `seconds` of the whole epoch; `images_per_second` while fitting.
        """
        frame = pd.DataFrame(read_history(self.folder)).rename(columns=_EPOCH)
        return frame.set_index("epoch") if len(frame) else frame

    @cached_property
    def card(self) -> dict[str, Any]:
        """The model card: `docs/contracts.md` describes it."""
        return read_run_card(self.folder)

    @cached_property
    def metrics(self) -> dict[str, float]:
        """The figures of the run: `pandas.DataFrame([run.metrics for run in runs])` is a table.

        `training_photos`, `validation_photos`, `test_photos`; `validation_accuracy` (0 to 1) and
        `validation_loss` (nats), NaN without validation photos; `test_accuracy` with the ends of
        its 95% interval, `test_low` and `test_high`, and `test_loss`; `own_photos` and
        `own_accuracy` of the own photos that were held out, NaN without any; `epochs` that were
        fitted; `seconds` of fitting.
        """
        parts, trained = self.card["metrics"], self.card["trained"]
        test, validation = parts["test"], parts.get("validation", {})
        low, high = test["accuracy_interval"]
        return {
            "training_photos": parts["training"]["photos"],
            "validation_photos": validation.get("photos", 0),
            "test_photos": test["photos"],
            "validation_accuracy": validation.get("accuracy", math.nan),
            "validation_loss": validation.get("loss", math.nan),
            "test_accuracy": test["accuracy"],
            "test_low": low,
            "test_high": high,
            "test_loss": test["loss"],
            "own_photos": parts.get("own", {}).get("photos", 0),
            "own_accuracy": parts.get("own", {}).get("accuracy", math.nan),
            "epochs": trained["epochs"]["fitted"],
            "seconds": trained["seconds"],
        }

    @cached_property
    def predictions(self) -> pd.DataFrame:
        """The prediction for each validation and test photo.

        Columns: `split`; `path` of the photo; `truth` and `label`, the correct and the predicted
        class; `correct` (bool); `confidence`, the probability of `label` (0 to 1); `recognized`
        (boolean, missing if the model has no recognition); `probability of …` for each class.
        """
        return read_predictions(self.folder / PREDICTIONS)

    def publish(
        self,
        models: str | Path = "models",
        *,
        tolerance: float = TOLERANCE,
        force: bool = False,
        progress: bool = False,
    ) -> Path:
        """Publish the model of the run if the gate lets it pass, and return the version's folder.

        Args:
            models: folder of the models, published into.
            tolerance: percentage points of accuracy that it may lose against the version that
                serves, or the best one so far.
            force: publish even if the gate refuses.
            progress: show what the command `publish` shows.

        Raises:
            Refused: the gate refused.
            TrainingError: a step failed; nothing has been published.
        """
        with devices():
            from training.pipeline.publish_run import publish_run

            policy = GatePolicy(tolerance, force)
            shown = console(progress)
            return publish_run(self.folder, None, Path(models), policy, shown, self.recipe)

    def __repr__(self) -> str:
        """Return the recipe, the accuracies and the folder."""
        found = self.metrics
        accuracies = f"test {found['test_accuracy']:.2%} of {found['test_photos']:,} photos"
        if found["validation_photos"]:
            accuracies = f"validation {found['validation_accuracy']:.2%}, {accuracies}"
        took = times(self.card["trained"])
        return f"<TrainedRun {self.card['recipe']}: {accuracies}; {took}; {self.folder}>"
