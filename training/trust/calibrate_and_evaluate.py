"""After fitting: the probabilities are calibrated, what is unknown is told, and both are judged."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy.special import softmax

from training.data.datasets import DataSet, Split
from training.metrics.evaluation import Evaluation
from training.networks.backbone import fitted_part
from training.recipe import Recipe
from training.trust.activations import Observed, insides, observe, weights_of_classes
from training.trust.calibration import (
    BINS,
    calibrate,
    calibration_figures,
    fitted_temperature,
)
from training.trust.ood_datasets import known_sets, prepared, synthetic_sets
from training.trust.ood_metrics import ood_metrics
from training.trust.recognition_threshold import (
    EXAMPLES,
    NONE,
    Recognizer,
    Scores,
    learnt_scores,
    values,
)


@dataclass(frozen=True)
class Trusted:
    """A network whose probabilities are calibrated, and what was found out on the way.

    Attributes:
        test: what it says about the test photos, calibrated.
        validation: likewise; None without validation photos.
        calibration: for the card.
        recognition: for the card; None where photos are not told apart.
        recognizer: for the published graph; likewise.
    """

    test: Evaluation
    validation: Evaluation | None
    calibration: dict[str, Any]
    recognition: dict[str, Any] | None = None
    recognizer: Recognizer | None = None


def calibrate_and_evaluate(
    network: keras.Model, recipe: Recipe, data: DataSet, data_folder: Path | None
) -> Trusted:
    """Calibrate a network on the validation photos, let it tell the unknown, and judge it.

    The network sees the photos of each split once; of a frozen backbone, cached features do.

    Args:
        network: to serve; its last layer is changed.
        recipe: with the overrides of the run.
        data: what it was trained on.
        data_folder: where data sets of other things are looked for; none is downloaded.

    Raises:
        TrainingError: the files of such a data set are damaged.
    """
    inside = insides(fitted_part(network) if data.training.features else network)
    watched = observe(inside, data.validation.inputs) if len(data.validation) else None
    temperature = 1.0
    if watched:
        logits = _logits(network, watched)
        temperature = fitted_temperature(logits, data.validation.classes)
        calibrate(network, temperature)
        said = softmax(logits / temperature, axis=1).astype(np.float32)
        watched = Observed(watched.layers, watched.last, said)
    tested = observe(inside, data.test.inputs)
    test, validation = _evaluation(data, data.test, tested), None
    if watched:
        validation = _evaluation(data, data.validation, watched)
    calibration = _calibration(network, temperature, len(data.validation), test, tested)
    if recipe.recognition == NONE:
        return Trusted(test, validation, calibration)
    scores = learnt_scores(network, inside, data.training, watched)
    recognizer = _recognizer(network, recipe, data, scores)
    recognition = _recognition(recipe, data, data_folder, recognizer, scores, tested, watched)
    return Trusted(test, validation, calibration, recognition, recognizer)


def _logits(network: keras.Model, observed: Observed) -> np.ndarray:
    kernel, bias = weights_of_classes(network)
    return np.asarray(observed.last @ kernel + bias)


def _evaluation(data: DataSet, split: Split, observed: Observed) -> Evaluation:
    return Evaluation(data.labels, np.asarray(split.classes), observed.probabilities)


def _calibration(
    network: keras.Model, temperature: float, fitted_on: int, test: Evaluation, tested: Observed
) -> dict[str, Any]:
    """Return what the card says of the probabilities of the test photos, before and after."""
    before = tested.probabilities
    if fitted_on:
        before = softmax(_logits(network, tested) * temperature, axis=1)
    return {
        "calibrated": fitted_on > 0,
        "temperature": temperature,
        "fitted_on": fitted_on,
        "bins": BINS,
        "test": {
            "before": calibration_figures(before, test.classes),
            "after": calibration_figures(test.probabilities, test.classes),
        },
    }


def _recognizer(network: keras.Model, recipe: Recipe, data: DataSet, scores: Scores) -> Recognizer:
    name = recipe.recognition
    examples = np.asarray(data.training.photos[:EXAMPLES])
    return Recognizer(insides(network), scores.of[name], scores.thresholds[name], examples)


def _recognition(
    recipe: Recipe,
    data: DataSet,
    data_folder: Path | None,
    recognizer: Recognizer,
    scores: Scores,
    tested: Observed,
    watched: Observed | None,
) -> dict[str, Any]:
    """Return what the card says of how known and unknown photos are told apart."""
    known = {name: values(score, tested) for name, score in scores.of.items()}
    unknowns = {}
    for name, photos in _unknown_photos(recipe, data_folder):
        seen = observe(recognizer.inside, photos)
        found = {score: values(each, seen) for score, each in scores.of.items()}
        unknowns[name] = ood_metrics(known, found, scores.thresholds)
    shares = {"test": scores.shares(tested)}
    if watched:
        shares["validation"] = scores.shares(watched)
    return {
        "score": recipe.recognition,
        "threshold": recognizer.threshold,
        "threshold_from": scores.set_by,
        "learnt_from": scores.learnt_from,
        "recognized": {split: share[recipe.recognition] for split, share in shares.items()},
        "unknowns": unknowns,
    }


def _unknown_photos(recipe: Recipe, folder: Path | None) -> Iterator[tuple[str, np.ndarray]]:
    yield from synthetic_sets(recipe.shape).items()
    for name, encoded in known_sets(folder, recipe.dataset):
        yield name, prepared(encoded, recipe.preparation, recipe.shape)
