"""`predictions.csv`: what a model predicted for each photo, for spreadsheets and notebooks.

Columns: `split`; `path` of the photo; `truth` and `label`, the correct and the predicted class;
`correct`, `true` or `false`; `confidence`, the probability of `label`; `recognized`, `true` or
`false`, empty if the model has no recognition; `probability of …` for each class.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serving.repository.atomic_write import atomic_write
from training.errors import explained
from training.metrics.evaluation import Evaluation

PREDICTIONS = "predictions.csv"
_COLUMNS = ("split", "path", "truth", "label", "correct", "confidence", "recognized")


@dataclass(frozen=True)
class SplitPredictions:
    """The predictions for the photos of a split.

    Attributes:
        split: its name; empty for photos that are in no split.
        names: of the photos, as in `DataSet.names`.
        evaluation: the probabilities and the correct classes.
        recognized: bool `[photos]`; None if the model has no recognition.
    """

    split: str
    names: Sequence[str]
    evaluation: Evaluation
    recognized: np.ndarray | None = None

    def rows(self) -> Iterator[list[str]]:
        """Yield the values of each photo, in the order of the columns."""
        found, labels = self.evaluation, self.evaluation.labels
        # As text, float32 has the fewest digits that tell it from its neighbours: what is equal
        # stays equal, so the first of the largest probabilities remains the first.
        probabilities = found.probabilities.astype(np.float32).astype(str).tolist()
        unknown = [""] * len(self.names)
        for name, truth, label, correct, recognized, row in zip(
            self.names,
            found.classes.tolist(),
            found.predicted.tolist(),
            _words(found.right),
            unknown if self.recognized is None else _words(self.recognized),
            probabilities,
            strict=True,
        ):
            named = labels[truth], labels[label], correct
            yield [self.split, name, *named, row[label], recognized, *row]


def write_predictions(path: Path, splits: Sequence[SplitPredictions]) -> None:
    r"""Write the predictions of splits with the same labels into a CSV file, UTF-8, in one step.

    A byte that is not UTF-8 in the name of a photo is escaped as in Python: E9 as `\udce9`.

    Raises:
        TrainingError: the file can't be written.
    """
    with (
        explained(f"cannot write {path}", "free some space there"),
        atomic_write(path) as temporary,
        open(temporary, "w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        rows = csv.writer(file)
        labels = splits[0].evaluation.labels
        rows.writerow([*_COLUMNS, *(f"probability of {label}" for label in labels)])
        for split in splits:
            rows.writerows(split.rows())


def _words(values: np.ndarray) -> list[str]:
    return ["true" if value else "false" for value in values]
