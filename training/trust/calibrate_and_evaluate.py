"""What happens to a network after fitting: it is calibrated, gets a recognizer, is evaluated."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy.special import softmax

from training.data.datasets import DataSet, Split
from training.metrics.evaluation import Evaluation
from training.networks.backbone import fitted_part
from training.recipe import Recipe
from training.trust.activations import (
    Activations,
    activation_model,
    compute_activations,
    logit_weights,
)
from training.trust.calibration import BINS, calibrate, calibration_figures, fitted_temperature
from training.trust.ood_datasets import prepare_photos, published_sets, synthetic_sets
from training.trust.ood_metrics import ood_metrics
from training.trust.recognition_threshold import (
    EXAMPLES,
    NONE,
    FittedScores,
    Recognizer,
    fit_scores,
)


@dataclass(frozen=True)
class CalibratedEvaluation:
    """What was found about a network while it was calibrated.

    Attributes:
        test: evaluation of the calibrated network on the test split.
        validation: likewise; None without validation photos.
        calibration: for the card.
        recognition: for the card; None where recognition is disabled.
        recognizer: for the published graph; likewise.
    """

    test: Evaluation
    validation: Evaluation | None
    calibration: dict[str, Any]
    recognition: dict[str, Any] | None = None
    recognizer: Recognizer | None = None


def calibrate_and_evaluate(
    network: keras.Model, recipe: Recipe, data: DataSet, data_folder: Path | None
) -> CalibratedEvaluation:
    """Calibrate a network on the validation photos, make its recognizer, and evaluate both.

    The network sees the photos of each split once; of a frozen backbone, cached features are used.

    Args:
        network: to serve; its last layer is changed in place.
        recipe: with the overrides of the run.
        data: what it was trained on.
        data_folder: where data sets of unknown photos are looked for; none is downloaded.
    """
    model = activation_model(fitted_part(network) if data.training.features else network)
    validation = (
        compute_activations(model, data.validation.inputs) if len(data.validation) else None
    )
    temperature = 1.0
    if validation:
        logits = _logits(network, validation)
        temperature = fitted_temperature(logits, data.validation.classes)
        calibrate(network, temperature)
        calibrated = softmax(logits / temperature, axis=1).astype(np.float32)
        validation = Activations(validation.layers, validation.last, calibrated)
    test = compute_activations(model, data.test.inputs)
    test_evaluation = _evaluation(data, data.test, test)
    found = CalibratedEvaluation(
        test=test_evaluation,
        validation=_evaluation(data, data.validation, validation) if validation else None,
        calibration=_calibration(network, temperature, len(data.validation), test_evaluation, test),
    )
    if recipe.recognition == NONE:
        return found
    scores = fit_scores(network, model, data.training, validation)
    name, examples = recipe.recognition, np.asarray(data.training.photos[:EXAMPLES])
    recognizer = Recognizer(
        activation_model(network), scores.scores[name], scores.thresholds[name], examples
    )
    recognition = _recognition(recipe, data_folder, recognizer, scores, test, validation)
    return replace(found, recognition=recognition, recognizer=recognizer)


def _logits(network: keras.Model, activations: Activations) -> np.ndarray:
    kernel, bias = logit_weights(network)
    return np.asarray(activations.last @ kernel + bias)


def _evaluation(data: DataSet, split: Split, activations: Activations) -> Evaluation:
    return Evaluation(data.labels, np.asarray(split.classes), activations.probabilities)


def _calibration(
    network: keras.Model, temperature: float, fitted_on: int, test: Evaluation, seen: Activations
) -> dict[str, Any]:
    """Return the card's figures of the test photos' probabilities, before and after calibration."""
    before = seen.probabilities
    if fitted_on:
        before = softmax(_logits(network, seen) * temperature, axis=1)
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


def _recognition(
    recipe: Recipe,
    data_folder: Path | None,
    recognizer: Recognizer,
    scores: FittedScores,
    test: Activations,
    validation: Activations | None,
) -> dict[str, Any]:
    """Return the card's figures of what is recognized, of known and of unknown photos."""
    known, unknowns = scores.values(test), {}
    for name, photos in _unknown_photos(recipe, data_folder):
        unknown = scores.values(compute_activations(recognizer.activations, photos))
        unknowns[name] = ood_metrics(known, unknown, scores.thresholds)
    shares = {"test": scores.recognized(test)}
    if validation:
        shares["validation"] = scores.recognized(validation)
    return {
        "score": recipe.recognition,
        "threshold": recognizer.threshold,
        "threshold_from": scores.threshold_from,
        "learnt_from": scores.fitted_to,
        "recognized": {split: share[recipe.recognition] for split, share in shares.items()},
        "unknowns": unknowns,
    }


def _unknown_photos(recipe: Recipe, folder: Path | None) -> Iterator[tuple[str, np.ndarray]]:
    yield from synthetic_sets(recipe.shape).items()
    for name, encoded in published_sets(folder, recipe.dataset):
        yield name, prepare_photos(encoded, recipe.preparation, recipe.shape)
