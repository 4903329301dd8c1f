"""The evaluation on the test split of own photos, as it is kept in the folder of a run."""

from pathlib import Path

import numpy as np

from training.array_files import read_arrays, write_arrays
from training.metrics.evaluation import Evaluation

_FILE = "own_evaluation.npz"


def save_own_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Save the evaluation in a run's folder.

    Raises:
        TrainingError: the file can't be written.
    """
    arrays = {
        "labels": np.array(evaluation.labels),
        "classes": evaluation.classes,
        "probabilities": evaluation.probabilities.astype(np.float32),
    }
    write_arrays(folder / _FILE, arrays)


def read_own_evaluation(folder: Path) -> Evaluation:
    """Return the evaluation in a run's folder.

    Raises:
        TrainingError: there is none, or it is damaged.
    """
    arrays = read_arrays(folder / _FILE, "labels", "classes", "probabilities")
    labels = tuple(arrays["labels"].tolist())
    return Evaluation(labels, arrays["classes"], arrays["probabilities"])
