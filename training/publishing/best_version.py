"""Which version is the best one so far, by the cards of those still in the folder."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from serving.repository.versions import published_versions
from training.errors import TrainingError
from training.model_cards import VERSION_CARD, read_card, stated_accuracy
from training.publishing.comparison import Candidate
from training.publishing.training_overlap import is_same_data
from training.publishing.training_photos import read_training_photos


def best_version(base: Path, candidate: Candidate) -> int | None:
    """Return the version with the highest test accuracy on the same data, the newest of equals.

    If there is none, as after photos were added, it is the one with the highest on other data. Only
    versions that can be compared with the candidate count: they have its labels, and there are
    enough test photos that neither was trained on. None if there is none, or no card states an
    accuracy.
    """
    ranks = {}
    for version in published_versions(base):
        with suppress(TrainingError, TypeError):
            folder = base / str(version)
            card = read_card(folder / VERSION_CARD)
            accuracy = stated_accuracy(card)
            if accuracy is not None and _can_be_compared(folder, card, candidate):
                same = is_same_data(card, candidate.data, candidate.recipe)
                ranks[version] = same, accuracy, version
    return max(ranks, key=ranks.__getitem__, default=None)


def _can_be_compared(folder: Path, card: dict[str, Any], candidate: Candidate) -> bool:
    labels = candidate.data.labels
    if sorted(card.get("labels", labels)) != sorted(labels):
        return False
    unseen = candidate.unseen_by_both(card, read_training_photos(folder))
    return unseen is not None and unseen.sum() >= candidate.fewest
