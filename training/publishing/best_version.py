"""Which version is the best one so far, by the cards of those still in the folder."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from serving.repository.versions import published_versions
from training.data.datasets import DataSet
from training.errors import TrainingError
from training.model_cards import VERSION_CARD, read_card, stated_accuracy
from training.publishing.training_overlap import is_same_data, seen_photos
from training.recipe import Recipe


def best_version(base: Path, data: DataSet, recipe: Recipe) -> int | None:
    """Return the version with the highest test accuracy on the same data, the newest of equals.

    If there is none, as after photos were added, it is the one with the highest on other data, of
    those whose cards tell which photos they were not trained on. Versions of other labels, input or
    preparation, which can't be compared, come last. None if no card states an accuracy.
    """
    ranks = {}
    for version in published_versions(base):
        with suppress(TrainingError, TypeError):
            card = read_card(base / str(version) / VERSION_CARD)
            accuracy, same = stated_accuracy(card), is_same_data(card, data, recipe)
            if accuracy is not None and (same or seen_photos(card, data, data.test) is not None):
                ranks[version] = _takes_these(card, data, recipe), same, accuracy, version
    return max(ranks, key=ranks.__getitem__, default=None)


def _takes_these(card: dict[str, Any], data: DataSet, recipe: Recipe) -> bool:
    """Whether a card's labels, input and preparation are the recipe's, as far as it has them."""
    wanted = {
        "labels": sorted(data.labels),
        "input_shape": [*recipe.shape],
        "preparation": recipe.preparation,
    }
    found = {name: card.get(name, value) for name, value in wanted.items()}
    return {**found, "labels": sorted(found["labels"])} == wanted
