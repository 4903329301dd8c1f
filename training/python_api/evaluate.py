"""`evaluate`: score a model on labelled photos."""

import math
import tempfile
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from training.errors import TrainingError
from training.python_api.chosen_recipe import AnyRecipe
from training.python_api.frames import read_predictions
from training.python_api.load import Reference, load
from training.python_api.session import Device, console, devices
from training.recipe import Recipe
from training.recipes import recipe_named
from training.runs.folders import read_run
from training.runs.references import run_folders

if TYPE_CHECKING:
    from training.judging.scored_model import ScoredModel


@dataclass(frozen=True, repr=False)
class ModelEvaluation:
    """What a model predicted for labelled photos.

    Attributes:
        model: `NAME/VERSION`; of a run, its recipe and the name of its folder.
        data: which photos these were.
        metrics: `photos`; `accuracy` (0 to 1) and the ends of its 95% interval, `low` and `high`;
            `loss` (mean cross-entropy in nats); `top_2` and the like, the share of photos whose
            class is among the most probable two; `images_per_second`; `trained_on`, how many of the
            photos the model was, or may have been, trained on, and `unseen_accuracy`, that on the
            others (NaN if unknown).
        confusion: number of photos by correct class (rows, `truth`) and predicted class (columns,
            `label`).
        classes: for each class its `photos`, and `precision`, `recall` and `f1` (0 to 1; NaN where
            there is nothing to divide by).
        predictions: the prediction for each photo, with the columns of `TrainedRun.predictions`.
        left_out: photos that could not be used, with the reasons.
    """

    model: str
    data: str
    metrics: dict[str, float]
    confusion: pd.DataFrame
    classes: pd.DataFrame
    predictions: pd.DataFrame
    left_out: tuple[str, ...]

    def __repr__(self) -> str:
        """Return the accuracy and its photos."""
        found = self.metrics
        return (
            f"<ModelEvaluation of {self.model} on {self.data}: accuracy {found['accuracy']:.2%}"
            f" ({found['low']:.2%} to {found['high']:.2%}) of {found['photos']:,} photos>"
        )


def evaluate(
    reference: Reference,
    photos: str | Path | None = None,
    *,
    recipe: AnyRecipe | None = None,
    data: str | Path | None = None,
    split: Literal["test", "validation", "training"] = "test",
    models: str | Path = "models",
    runs: str | Path = "runs",
    device: Device = "auto",
    progress: bool = False,
) -> ModelEvaluation:
    """Score a published version or a run on labelled photos: the command `evaluate`.

    Warns (`UserWarning`) if the model was, or may have been, trained on some of the photos.

    Args:
        reference: as `load` takes it, but the name of a model is its newest version.
        photos: a folder with a sub-folder for each class, or a list of photos (.csv, .jsonl); None:
            the data set that the model was trained on.
        recipe: on the data set of this recipe instead.
        data: folder of the data set; None: the one that the model's run has noted, if that is among
            `runs`, or as of `train`.
        split: part of the data set; of a folder with folders of splits, that one.
        models: folder of the models.
        runs: folder of the runs.
        device: `auto` (GPUs, if there are any), `cpu` or `gpu`.
        progress: show progress, and which photos were left out.

    Raises:
        TrainingError: no such model, data set or photos, or other labels.
    """
    with devices(device):
        from training.judging.scoring import folder_photos, recipe_photos, score
        from training.publishing.model_folder import find_version, model_names

        if reference in model_names(Path(models)):
            reference = f"{reference}/{find_version(Path(models), str(reference)).name}"
        model, shown = load(reference, models, runs).model, console(progress)
        if photos is not None:
            scored = folder_photos(model, Path(photos), split, shown)
        else:
            named = recipe if isinstance(recipe, Recipe | None) else recipe_named(str(recipe))
            folder = None if data is None else Path(data)
            if data is recipe is None:
                folder = _noted_data(model, Path(runs))
            scored = recipe_photos(model, named, folder, split, shown)
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch, "predictions.csv")
            figures = score(model, scored, path)
            predictions = read_predictions(path)
    if figures["warning"]:
        warnings.warn(figures["warning"], UserWarning, stacklevel=2)
    return _evaluation(figures, predictions)


def _noted_data(model: "ScoredModel", runs: Path) -> Path | None:
    """Return where the run of a model has found its data, if the run is known and that exists."""
    wanted = model.card.get("trained", {}).get("run")
    for folder in run_folders(runs) if wanted else ():
        with suppress(TrainingError):  # Another run may be damaged.
            facts = read_run(folder)
            if facts.get("id") == wanted:
                noted = facts.get("data_folder")
                return Path(noted) if noted and Path(noted).exists() else None
    return None


def _evaluation(figures: dict[str, Any], predictions: pd.DataFrame) -> ModelEvaluation:
    labels = figures["labels"]
    confusion = pd.DataFrame(
        figures["confusion"],
        index=pd.Index(labels, name="truth"),
        columns=pd.Index(labels, name="label"),
    )
    classes = pd.DataFrame.from_dict(figures["classes"], orient="index")
    return ModelEvaluation(
        f"{figures['model']}/{figures['version']}",
        figures["data"],
        _metrics(figures),
        confusion,
        classes[["photos", "precision", "recall", "f1"]].rename_axis("class"),
        predictions,
        tuple(figures["photos_left_out"]),
    )


def _metrics(figures: dict[str, Any]) -> dict[str, float]:
    low, high = figures["accuracy_interval"]
    trained_on, unseen = figures["trained_on"], figures["unseen"] or {}
    return {
        "photos": figures["photos"],
        "accuracy": figures["accuracy"],
        "low": low,
        "high": high,
        "loss": figures["loss"],
        **{f"top_{k}": share for k, share in figures.get("top_k", {}).items()},
        "images_per_second": figures["images_per_second"],
        "trained_on": math.nan if trained_on is None else trained_on,
        "unseen_accuracy": unseen.get("accuracy", math.nan),
    }
