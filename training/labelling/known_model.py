"""What the published versions of a model tell: its labels, and the photos it was trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from training.errors import UsageError
from training.labelling.bulk_results import BulkResults
from training.model_cards import VERSION_CARD, read_card
from training.publishing.training_photos import read_training_photos


def labels_of(versions: Sequence[Path], results: BulkResults) -> tuple[str, ...]:
    """Return the labels of the newest version; without versions, those in the results.

    Raises:
        UsageError: the results have other labels.
        TrainingError: the model card can't be read.
    """
    card = read_card(versions[-1] / VERSION_CARD) if versions else {}
    labels = tuple(card.get("labels", ())) or results.labels
    foreign = [label for label in results.labels if label not in labels]
    if foreign:
        raise UsageError(
            f"the results have the label {foreign[0]!r}, which {versions[-1].parent.name} does not"
            f" have: its labels are {', '.join(labels)}"
        )
    return labels


def trained_on(versions: Sequence[Path]) -> np.ndarray:
    """Return the digests of the photos that any version was trained on, uint64 `[photos]`.

    Raises:
        TrainingError: a file of digests is damaged.
    """
    digests = [read_training_photos(version) for version in versions]
    known = [each for each in digests if each is not None]
    return np.unique(np.concatenate(known)) if known else np.empty(0, np.uint64)
