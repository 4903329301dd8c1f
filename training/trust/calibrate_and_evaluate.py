"""What happens to a network after fitting: it is calibrated, gets a recognizer, is evaluated.

Temperature, scores and thresholds may be fitted to cached features, which are rounded. What is
reported is predicted from the photos, by what is published.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from scipy.special import softmax

from training.data.datasets import DataSet, Photos, Split
from training.metrics.evaluation import Evaluation
from training.networks.backbone import fitted_part
from training.recipe import Recipe
from training.trust.accepted_unknowns import AcceptedUnknowns
from training.trust.activations import (
    Activations,
    activation_model,
    compute_activations,
    joined,
    logit_weights,
)
from training.trust.calibration import (
    BINS,
    calibrate,
    calibration_figures,
    fitted_temperature,
    uncalibrated,
)
from training.trust.evaluate_unknowns import evaluate_unknowns
from training.trust.recognition_threshold import (
    EXAMPLES,
    NONE,
    FittedScores,
    Recognizer,
    fit_scores,
)

Predictor = Callable[[Photos], Mapping[str, np.ndarray]]
"""From photos to `probabilities`, float32 `[photos, classes]`, and with a recognizer to
`recognized`, bool `[photos]`."""


@dataclass(frozen=True)
class Calibrated:
    """What was fitted to the validation photos.

    Attributes:
        temperature: by which the logits are divided now.
        test: activations of the test photos, which `scores` are evaluated on.
        scores: None where recognition is disabled.
        recognizer: for the published graph; likewise.
    """

    temperature: float
    test: Activations
    scores: FittedScores | None = None
    recognizer: Recognizer | None = None


@dataclass(frozen=True)
class CalibratedEvaluation:
    """What was found about a calibrated network.

    Attributes:
        test: evaluation of the calibrated network on the test split.
        validation: likewise; None without validation photos.
        calibration: for the card.
        recognition: for the card; None where recognition is disabled.
        recognized: whether each photo is, bool `[photos]`, by split; empty where it is disabled.
        accepted: unknown photos that are recognized; None where it is disabled.
    """

    test: Evaluation
    validation: Evaluation | None
    calibration: dict[str, Any]
    recognition: dict[str, Any] | None
    recognized: Mapping[str, np.ndarray]
    accepted: AcceptedUnknowns | None = None


def calibrate_network(network: keras.Model, recipe: Recipe, data: DataSet) -> Calibrated:
    """Calibrate a network on the validation photos, and make its recognizer.

    The network sees the photos of each split once; of a frozen backbone, cached features are used.

    Args:
        network: to serve; its last layer is changed in place.
        recipe: with the overrides of the run.
        data: what it was trained on.
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
    if recipe.recognition == NONE:
        return Calibrated(temperature, test)
    own, others = (part and part.training for part in (data.own, data.others))
    if validation and data.own and len(data.own.validation):
        further = compute_activations(model, data.own.validation.inputs)
        validation = joined([validation, further])
    scores = fit_scores(network, model, data.training, validation, own, others)
    examples = np.asarray(data.training.photos[:EXAMPLES])
    name = scores.chosen(recipe.recognition)
    recognizer = Recognizer(
        activation_model(network), scores.scores[name], scores.thresholds[name], examples
    )
    return Calibrated(temperature, test, scores, recognizer)


def predict_in_memory(
    network: keras.Model, recognizer: Recognizer | None, photos: Photos
) -> dict[str, np.ndarray]:
    """Predict photos with the whole network, as a `Predictor`, where no SavedModel can be made."""
    model = recognizer.activations if recognizer else activation_model(network)
    found = compute_activations(model, photos)
    outputs = {"probabilities": found.probabilities}
    return outputs | ({"recognized": recognizer.recognized(found)} if recognizer else {})


def evaluate_calibrated(
    calibrated: Calibrated, predict: Predictor, recipe: Recipe, data: DataSet, folder: Path | None
) -> CalibratedEvaluation:
    """Evaluate a calibrated network on the validation and the test photos, and its scores.

    Args:
        calibrated: of `calibrate_network`.
        predict: what is published.
        recipe: with the overrides of the run.
        data: what the network was trained on.
        folder: where data sets of unknown photos are looked for; none is downloaded.
    """
    splits = {"test": data.test, "validation": data.validation}
    outputs = {name: predict(split.photos) for name, split in splits.items() if len(split)}
    evaluations = {
        name: _evaluation(data, splits[name], found["probabilities"])
        for name, found in outputs.items()
    }
    test, validation = evaluations["test"], evaluations.get("validation")
    recognition = accepted = None
    recognized = {
        name: found["recognized"] for name, found in outputs.items() if "recognized" in found
    }
    if calibrated.scores and calibrated.recognizer:
        unknowns = evaluate_unknowns(
            calibrated.scores, calibrated.recognizer, calibrated.test, recipe, data, folder
        )
        accepted = unknowns.accepted
        recognition = {
            "score": calibrated.scores.chosen(recipe.recognition),
            "threshold": calibrated.recognizer.threshold,
            "threshold_from": calibrated.scores.threshold_from,
            "threshold_photos": calibrated.scores.threshold_photos,
            "guaranteed": calibrated.scores.guaranteed,
            "learnt_from": calibrated.scores.fitted_to,
            "recognized": {name: float(found.mean()) for name, found in recognized.items()},
            "unknowns": unknowns.figures,
            "left_out": unknowns.left_out,
        }
    calibration = _calibration(calibrated.temperature, len(data.validation), test)
    return CalibratedEvaluation(test, validation, calibration, recognition, recognized, accepted)


def _logits(network: keras.Model, activations: Activations) -> np.ndarray:
    kernel, bias = logit_weights(network)
    return np.asarray(activations.last @ kernel + bias)


def _evaluation(data: DataSet, split: Split, probabilities: np.ndarray) -> Evaluation:
    return Evaluation(data.labels, np.asarray(split.classes), probabilities)


def _calibration(temperature: float, fitted_on: int, test: Evaluation) -> dict[str, Any]:
    """Return the card's figures of the test photos' probabilities, before and after calibration."""
    before = uncalibrated(test.probabilities, temperature)
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
