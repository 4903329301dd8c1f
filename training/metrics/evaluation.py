"""How good a trained network is on photos that it was not fitted to."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.atomic_write import atomic_write
from training.data.datasets import Photos, Split
from training.errors import TrainingError
from training.metrics.intervals import accuracy_interval
from training.runs.files import EVALUATION, write_json

if TYPE_CHECKING:
    import keras  # Not needed to read what is kept of a run.

_BATCH = 256
_LEAST_PROBABILITY = 1e-7  # A probability of 0 for the right class would make the loss infinite.
_ARRAYS = "evaluation.npz"


def probabilities(network: keras.Model, photos: Photos) -> np.ndarray:
    """Return what a network says about photos.

    Args:
        network: from `training.networks`.
        photos: uint8 `[photos, height, width, channels]`.

    Returns:
        float32 `[photos, classes]`.
    """
    starts = range(0, len(photos), _BATCH)
    batches = [np.asarray(photos[start : start + _BATCH]) for start in starts]
    return np.concatenate([network.predict_on_batch(batch) for batch in batches])


@dataclass(frozen=True)
class Evaluation:
    """What a model said about the photos of a split, and what was right.

    Attributes:
        labels: class names, in the order of the classes.
        classes: int64 `[photos]`, the right class of each.
        probabilities: float32 `[photos, classes]`.
    """

    labels: tuple[str, ...]
    classes: np.ndarray
    probabilities: np.ndarray

    @property
    def chosen(self) -> np.ndarray:
        """The most probable class of each photo, int64 `[photos]`."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def right(self) -> np.ndarray:
        """Whether that is the right class, bool `[photos]`."""
        return np.asarray(self.chosen == self.classes)

    def confusion(self) -> np.ndarray:
        """Count photos by right class (row) and chosen class (column): int64."""
        count = len(self.labels)
        places = self.classes * count + self.chosen
        return np.bincount(places, minlength=count**2).reshape(count, count)

    def metrics(self) -> dict[str, Any]:
        """Return the figures of the split.

        Returns:
            `photos`; `accuracy` and `accuracy_interval`, its two ends at 95% confidence; `loss`
            (mean cross-entropy in nats); `classes`: for each label its `photos`, `recall`,
            `precision` and their harmonic mean `f1` (None where there is nothing to count).
        """
        photos, right = len(self.classes), int(self.right.sum())
        said = self.probabilities[np.arange(photos), self.classes]
        return {
            "photos": photos,
            "accuracy": right / photos,
            "accuracy_interval": accuracy_interval(right, photos),
            "loss": float(-np.log(np.maximum(said, _LEAST_PROBABILITY)).mean()),
            "classes": dict(zip(self.labels, map(_shares, *self._counts()), strict=True)),
        }

    def _counts(self) -> tuple[list[int], list[int], list[int]]:
        """Return for each class its hits, its photos, and how often it was chosen."""
        confusion = self.confusion()
        counts = (confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0))
        hits, photos, chosen = (count.tolist() for count in counts)
        return hits, photos, chosen


def evaluate(network: keras.Model, split: Split, labels: tuple[str, ...]) -> dict[str, Any]:
    """Judge a network as it is on a split, of a backbone's features only its head.

    Returns:
        The figures of `Evaluation.metrics`.
    """
    if split.features:
        from training.networks.backbone import fitted_part

        network = fitted_part(network)
    said = probabilities(network, split.inputs)
    return Evaluation(labels, np.asarray(split.classes), said).metrics()


def save_evaluation(evaluation: Evaluation, photos: Photos, folder: Path) -> None:
    """Keep an evaluation of the test split beside a run, with the photos that a report shows.

    Args:
        evaluation: of the test split.
        photos: of the same split, uint8 `[photos, height, width, channels]`.
        folder: of the run.

    Raises:
        TrainingError: the file system refused.
    """
    shown = np.union1d(sample(evaluation), confident_mistakes(evaluation))
    try:
        with atomic_write(folder / _ARRAYS) as aside:
            np.savez_compressed(
                aside,
                labels=np.array(evaluation.labels),
                classes=evaluation.classes,
                probabilities=evaluation.probabilities.astype(np.float32),
                shown=shown,
                photos=np.asarray(photos[shown]),
            )
    except OSError as error:
        raise TrainingError(f"cannot keep the evaluation in {folder} ({error})") from error
    figures = {**evaluation.metrics(), "confusion": evaluation.confusion().tolist()}
    write_json(folder / EVALUATION, figures)


def read_evaluation(folder: Path) -> tuple[Evaluation, dict[int, np.ndarray]]:
    """Return the evaluation kept beside a run, and the photos kept with it by their index.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    path = folder / _ARRAYS
    if not path.is_file():
        raise TrainingError(f"{folder} has no {_ARRAYS}: it is no folder of a run that has ended")
    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            photos = dict(zip(arrays["shown"].tolist(), arrays["photos"], strict=True))
            labels = tuple(arrays["labels"].tolist())
            return Evaluation(labels, arrays["classes"], arrays["probabilities"]), photos
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path} is damaged ({error}): run the recipe again") from error


def sample(evaluation: Evaluation, count: int = 24) -> np.ndarray:
    """Choose photos to show, always the same ones of a split, in its order."""
    photos = len(evaluation.classes)
    chosen = np.random.default_rng(0).choice(photos, min(count, photos), replace=False)
    return np.sort(chosen)


def confident_mistakes(evaluation: Evaluation, count: int = 12) -> np.ndarray:
    """Return the mistakes that the model was surest of, surest first."""
    wrong = np.flatnonzero(~evaluation.right)
    sureness = evaluation.probabilities[wrong].max(axis=1)
    return wrong[np.argsort(-sureness, kind="stable")[:count]]


def _shares(hits: int, photos: int, chosen: int) -> dict[str, Any]:
    return {
        "photos": photos,
        "recall": hits / photos if photos else None,
        "precision": hits / chosen if chosen else None,
        "f1": 2 * hits / (photos + chosen) if photos + chosen else None,
    }
