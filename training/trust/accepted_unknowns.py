"""The unknown photos that a model recognizes with the highest scores, for the report of its run.

They stay in the run's folder: neither the card nor a published report has them.
"""

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from serving.repository.atomic_write import atomic_write
from training.errors import explained

SHOWN = 12
_FILE = "accepted_unknowns.npz"


@dataclass(frozen=True)
class AcceptedUnknowns:
    """Unknown photos that are recognized, the highest score first.

    Attributes:
        photos: uint8 `[photos, height, width, channels]`.
        sets: the name of the set of each photo.
        scores: float32 `[photos]`.
        probabilities: float32 `[photos, classes]`.
    """

    photos: np.ndarray
    sets: tuple[str, ...]
    scores: np.ndarray
    probabilities: np.ndarray

    def __len__(self) -> int:
        return len(self.photos)

    def joined(self, other: "AcceptedUnknowns") -> "AcceptedUnknowns":
        """Return the `SHOWN` photos of both with the highest scores."""
        scores = np.concatenate([self.scores, other.scores])
        order = np.argsort(-scores, kind="stable")[:SHOWN]
        return AcceptedUnknowns(
            np.concatenate([self.photos, other.photos])[order],
            tuple((*self.sets, *other.sets)[index] for index in order.tolist()),
            scores[order],
            np.concatenate([self.probabilities, other.probabilities])[order],
        )


def accepted(
    name: str, photos: np.ndarray, scores: np.ndarray, probabilities: np.ndarray, threshold: float
) -> AcceptedUnknowns:
    """Return the photos of a set, called `name`, that are recognized: at most `SHOWN`."""
    order = np.argsort(-scores, kind="stable")[:SHOWN]
    best = order[scores[order] >= threshold]
    return AcceptedUnknowns(
        np.asarray(photos[best]), (name,) * len(best), scores[best], probabilities[best]
    )


def save_accepted(found: AcceptedUnknowns, folder: Path) -> None:
    """Save the photos in a run's folder.

    Raises:
        TrainingError: the file can't be written.
    """
    path = folder / _FILE
    with explained(f"cannot write {path}", "free some space"), atomic_write(path) as temporary:
        np.savez_compressed(
            temporary,
            photos=found.photos,
            sets=np.array(found.sets, np.str_),
            scores=found.scores,
            probabilities=found.probabilities,
        )


def read_accepted(folder: Path) -> AcceptedUnknowns | None:
    """Return the photos saved in a run's folder; None if there is no such file that can be read."""
    try:
        with open(folder / _FILE, "rb") as file, np.load(file) as arrays:
            return AcceptedUnknowns(
                arrays["photos"],
                tuple(arrays["sets"].tolist()),
                arrays["scores"],
                arrays["probabilities"],
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
