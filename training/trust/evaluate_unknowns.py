"""The scores of a network, evaluated on photos of other things than it was trained on."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from training.data.datasets import DataSet, Split
from training.data.label_names import OTHER
from training.recipe import ANY_PHOTOS, Recipe
from training.trust.accepted_unknowns import AcceptedUnknowns, accepted
from training.trust.activations import Activations, compute_activations
from training.trust.ood_datasets import (
    has_photos_of,
    prepare_photos,
    published_sets,
    synthetic_sets,
)
from training.trust.ood_metrics import ood_metrics
from training.trust.recognition_threshold import FittedScores, Recognizer

_MAX_OF_SET = 300  # Photos of a published set that a model of a user's photos is evaluated on.


@dataclass(frozen=True)
class Unknowns:
    """What was found about unknown photos.

    Attributes:
        figures: for the card, by the name of the set.
        left_out: the names of published sets that have photos which the network was trained on.
        accepted: those that are recognized with the highest scores.
    """

    figures: dict[str, Any]
    left_out: list[str]
    accepted: AcceptedUnknowns


def evaluate_unknowns(
    scores: FittedScores,
    recognizer: Recognizer,
    test: Activations,
    recipe: Recipe,
    data: DataSet,
    folder: Path | None,
) -> Unknowns:
    """Evaluate scores on each set of unknown photos.

    These are noise, blanks, the test photos of a folder `other`, and published sets; for a network
    of a user's photos, only those with none of these photos.

    Args:
        scores: all of them.
        recognizer: of the network, which uses one of them.
        test: activations of the known test photos.
        recipe: with the overrides of the run.
        data: what the network was trained on.
        folder: where published sets are looked for; none is downloaded.
    """
    known, figures, left_out = scores.values(test), {}, list[str]()
    best: list[AcceptedUnknowns] = []
    for name, photos in _sets(recipe, data, folder, left_out):
        found = compute_activations(recognizer.activations, photos)
        figures[name] = ood_metrics(known, scores.values(found), scores.thresholds)
        values, threshold = recognizer.values(found), recognizer.threshold
        best.append(accepted(name, photos, values, found.probabilities, threshold))
    return Unknowns(figures, left_out, reduce(AcceptedUnknowns.joined, best))


def _sets(
    recipe: Recipe, data: DataSet, folder: Path | None, left_out: list[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the name and the prepared photos of each set; name the others in `left_out`."""
    if data.others and len(data.others.test):
        yield OTHER, np.asarray(data.others.test.photos)
    yield from synthetic_sets(recipe.shape).items()
    # A user's own folder is none where published data sets lie.
    searched = None if recipe.dataset == ANY_PHOTOS else folder
    contents = _contents(data)
    for name, encoded in published_sets(searched, recipe.dataset):
        if has_photos_of(encoded, contents):
            left_out.append(name)
        else:
            # Large photos and large networks: a run on one's own photos takes a minute.
            step = -(-len(encoded) // _MAX_OF_SET) if recipe.dataset == ANY_PHOTOS else 1
            yield name, prepare_photos(encoded[::step], recipe.preparation, recipe.shape)


def _contents(data: DataSet) -> set[str]:
    """Return the sha256 of the files of all photos that were split, with own ones and others."""
    splits: list[Split] = [*data.splits]
    for part in filter(None, (data.own, data.others)):
        splits += part.splits
    return {content for split in splits for content in data.contents(split) or []}
