"""How well a trained network classifies photos that it was not fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from training.array_files import read_arrays, write_arrays
from training.data.datasets import Photos, Split
from training.errors import TrainingError
from training.json_files import write_json
from training.metrics import EVALUATION
from training.metrics.intervals import accuracy_interval

if TYPE_CHECKING:
    import keras  # Not needed to read a saved evaluation.

LEAST_PROBABILITY = 1e-7
"""Smaller probabilities count as this one: for 0 the loss would be infinite."""

_BATCH = 256
_TOP = (2, 3, 5)
_ARRAYS = "evaluation.npz"


@dataclass(frozen=True)
class Evaluation:
    """What a model predicted for the photos of a split, and what was right.

    Attributes:
        labels: class names, in the order of the classes.
        classes: int64 `[photos]`, the correct class of each.
        probabilities: float32 `[photos, classes]`.
    """

    labels: tuple[str, ...]
    classes: np.ndarray
    probabilities: np.ndarray

    @property
    def predicted(self) -> np.ndarray:
        """The most probable class of each photo, int64 `[photos]`."""
        return np.asarray(self.probabilities.argmax(axis=1))

    @property
    def right(self) -> np.ndarray:
        """Whether the prediction is correct, bool `[photos]`."""
        return np.asarray(self.predicted == self.classes)

    def of(self, chosen: np.ndarray) -> Evaluation:
        """Return the evaluation of some of the photos, given by a mask or their indices."""
        return Evaluation(self.labels, self.classes[chosen], self.probabilities[chosen])

    def confusion(self) -> np.ndarray:
        """Count photos by correct class (row) and predicted class (column): int64."""
        count = len(self.labels)
        indices = self.classes * count + self.predicted
        return np.bincount(indices, minlength=count**2).reshape(count, count)

    def metrics(self) -> dict[str, Any]:
        """Return the figures of the split.

        Returns:
            `photos`; `accuracy` and `accuracy_interval`, its two ends at 95% confidence; `loss`
            (mean cross-entropy in nats); with three classes or more `top_k`, for some k the share
            of photos with the correct class among the k most probable ones; `classes`: for each
            label its `photos`, `recall`, `precision` and their harmonic mean `f1` (None where the
            denominator is 0).
        """
        photos, right = len(self.classes), int(self.right.sum())
        probabilities = self.probabilities[np.arange(photos), self.classes]
        return {
            "photos": photos,
            "accuracy": right / photos,
            "accuracy_interval": accuracy_interval(right, photos),
            "loss": float(-np.log(np.maximum(probabilities, LEAST_PROBABILITY)).mean()),
            **self._top_k(),
            "classes": self._class_metrics(),
        }

    def _top_k(self) -> dict[str, dict[str, float]]:
        known = [k for k in _TOP if k < len(self.labels)]
        order = np.argsort(-self.probabilities, axis=1, kind="stable")  # As `predicted` at ties.
        found = order == self.classes[:, np.newaxis]
        shares = {str(k): float(found[:, :k].any(axis=1).mean()) for k in known}
        return {"top_k": shares} if shares else {}

    def _class_metrics(self) -> dict[str, dict[str, Any]]:
        confusion = self.confusion()
        counts = (confusion.diagonal(), confusion.sum(axis=1), confusion.sum(axis=0))
        return {
            label: {
                "photos": photos,
                "recall": hits / photos if photos else None,
                "precision": hits / predicted if predicted else None,
                "f1": 2 * hits / (photos + predicted) if photos + predicted else None,
            }
            for label, hits, photos, predicted in zip(
                self.labels, *(count.tolist() for count in counts), strict=True
            )
        }


class SavedPhoto(NamedTuple):
    """A photo of the test split: uint8 `[height, width, channels]`, and its name or ""."""

    pixels: np.ndarray
    name: str


def evaluate(network: keras.Model, split: Split, labels: tuple[str, ...]) -> dict[str, Any]:
    """Return the figures of a network that takes the inputs of a split: photos or features."""
    starts = range(0, len(split), _BATCH)
    batches = [np.asarray(split.inputs[start : start + _BATCH]) for start in starts]
    found = np.concatenate([network.predict_on_batch(batch) for batch in batches])
    return Evaluation(labels, np.asarray(split.classes), found).metrics()


def save_evaluation(
    evaluation: Evaluation, photos: Photos, folder: Path, names: Sequence[str] = ()
) -> None:
    """Save the evaluation of the test split in a run's folder, with the photos for its report.

    `names` are those of all its photos, as in `DataSet.names`, if they have any.
    """
    shown = np.union1d(sample(evaluation), confident_mistakes(evaluation))
    arrays = {
        "labels": np.array(evaluation.labels),
        "classes": evaluation.classes,
        "probabilities": evaluation.probabilities.astype(np.float32),
        "shown": shown,
        "photos": np.asarray(photos[shown]),
        "names": np.array([names[index] for index in shown] if names else [], np.str_),
    }
    write_arrays(folder / _ARRAYS, arrays)
    figures = {**evaluation.metrics(), "confusion": evaluation.confusion().tolist()}
    write_json(folder / EVALUATION, figures)


def read_evaluation(folder: Path) -> tuple[Evaluation, dict[int, SavedPhoto]]:
    """Return the evaluation in a run's folder, and the photos saved with it by their index."""
    path = folder / _ARRAYS
    if not path.is_file():
        raise TrainingError(f"{folder} has no {_ARRAYS}: it is not the folder of a finished run")
    arrays = read_arrays(path, "labels", "classes", "probabilities", "shown", "photos")
    shown, labels = arrays["shown"].tolist(), tuple(arrays["labels"].tolist())
    # Earlier releases saved no names.
    names = arrays["names"].tolist() if "names" in arrays else []
    photos = map(SavedPhoto, arrays["photos"], names or [""] * len(shown))
    saved = dict(zip(shown, photos, strict=True))
    return Evaluation(labels, arrays["classes"], arrays["probabilities"]), saved


def sample(evaluation: Evaluation, count: int = 24) -> np.ndarray:
    """Choose photos to show: always the same ones of a split, in its order."""
    photos = len(evaluation.classes)
    chosen = np.random.default_rng(0).choice(photos, min(count, photos), replace=False)
    return np.sort(chosen)


def confident_mistakes(evaluation: Evaluation, count: int = 12) -> np.ndarray:
    """Return the mistakes with the highest confidence, the most confident first."""
    wrong = np.flatnonzero(~evaluation.right)
    confidences = evaluation.probabilities[wrong].max(axis=1)
    return wrong[np.argsort(-confidences, kind="stable")[:count]]
