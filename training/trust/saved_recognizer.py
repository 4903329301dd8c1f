"""The recognizer of a run's network, kept in the run's folder until it is published."""

import zipfile
import zlib
from pathlib import Path

import keras
import numpy as np

from serving.repository.atomic_write import atomic_write
from training.errors import explained
from training.trust.activations import activation_model
from training.trust.ood_scores import restored_score, score_arrays
from training.trust.recognition_threshold import Recognizer

_FILE = "recognizer.npz"
_EXAMPLES = "examples"


def save_recognizer(recognizer: Recognizer, folder: Path) -> None:
    """Save what a recognizer was fitted with in a run's folder."""
    path = folder / _FILE
    arrays = {**score_arrays(recognizer.score), _EXAMPLES: recognizer.examples}
    with explained(f"cannot write {path}", "free some space"), atomic_write(path) as temporary:
        np.savez(temporary, **arrays)  # type: ignore[arg-type]  # NumPy's own stub.


def load_recognizer(
    folder: Path, network: keras.Model, score: str, threshold: float
) -> Recognizer | None:
    """Return the recognizer saved in a run's folder; None if there is none, or it is damaged.

    Args:
        folder: the run's.
        network: of the run, to serve, calibrated.
        score: its name, as the card has it.
        threshold: likewise.
    """
    try:
        with open(folder / _FILE, "rb") as file, np.load(file) as saved:
            arrays = dict(saved)
        examples = arrays.pop(_EXAMPLES)
        restored = restored_score(score, arrays)
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error):
        return None
    return Recognizer(activation_model(network), restored, threshold, examples)
