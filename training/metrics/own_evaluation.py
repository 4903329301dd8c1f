"""The evaluation on the test split of own photos, as it is kept in the folder of a run."""

import zipfile
import zlib
from pathlib import Path

import numpy as np

from serving.repository.atomic_write import atomic_write
from training.errors import TrainingError, explained
from training.metrics.evaluation import Evaluation

_FILE = "own_evaluation.npz"


def save_own_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Save the evaluation in a run's folder.

    Raises:
        TrainingError: the file can't be written.
    """
    path = folder / _FILE
    with explained(f"cannot write {path}", "free some space"), atomic_write(path) as temporary:
        np.savez_compressed(
            temporary,
            labels=np.array(evaluation.labels),
            classes=evaluation.classes,
            probabilities=evaluation.probabilities.astype(np.float32),
        )


def read_own_evaluation(folder: Path) -> Evaluation:
    """Return the evaluation in a run's folder.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    path = folder / _FILE
    try:
        with open(path, "rb") as file, np.load(file) as arrays:
            labels = tuple(arrays["labels"].tolist())
            return Evaluation(labels, arrays["classes"], arrays["probabilities"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise TrainingError(f"{path} can't be read ({error}): run the recipe again") from error
