"""What happens to a network after fitting: it is calibrated, gets a recognizer, is evaluated.

Temperature, scores and thresholds may be fitted to cached features, which are rounded. What is
reported is predicted from the photos, by what is published.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
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
from training.trust.activations import Activations, activation_model, compute_activations
from training.trust.calibration import BINS, before_and_after, calibrate, fitted_temperature
from training.trust.distance_temperature import (
    BY_DISTANCE,
    DistanceTemperature,
    FittedSlope,
    fitted_slope,
)
from training.trust.evaluate_unknowns import evaluate_unknowns
from training.trust.ood_scores import values_of
from training.trust.recognition_threshold import (
    EXAMPLES,
    NONE,
    FittedScores,
    Recognizer,
    fit_scores,
    recognizer_of,
)
from training.trust.validation_photos import ValidationPhotos, validation_photos

Predictor = Callable[[Photos], Mapping[str, np.ndarray]]
"""From photos to `probabilities`, float32 `[photos, classes]`, and with a recognizer to
`recognized`, bool `[photos]`."""

_OTHERS = "other_test"


@dataclass(frozen=True)
class Calibrated:
    """What was fitted to the validation photos.

    Attributes:
        temperature: by which the logits are divided now, in the last layer.
        fitted_on: validation photos of the data set; 0: the network is not calibrated.
        own: further ones of the user.
        test: activations of the test photos, which `scores` are evaluated on.
        temperatures: by which the logits of each test photo are divided, `[photos]`; by the name
            that the card has for them, `test` or `own_test`.
        slope: how the temperature rises with the distance; None where that was not tried.
        scores: None where recognition is disabled.
        recognizer: for the published graph; likewise.
    """

    temperature: float
    fitted_on: int
    own: int
    test: Activations
    temperatures: Mapping[str, np.ndarray]
    slope: FittedSlope | None = None
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
        own: evaluation on the test split of own photos; None without any.
        accepted: unknown photos that are recognized; None where it is disabled.
    """

    test: Evaluation
    validation: Evaluation | None
    calibration: dict[str, Any]
    recognition: dict[str, Any] | None
    recognized: Mapping[str, np.ndarray]
    own: Evaluation | None = None
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
    known, temperature, validation = validation_photos(network, model, recipe, data), 1.0, None
    if known:
        temperature = fitted_temperature(known.logits, known.classes, known.weights)
        calibrate(network, temperature)
        probabilities = softmax(known.logits / temperature, axis=1).astype(np.float32)
        validation = replace(known.activations, probabilities=probabilities)
    evaluated = {"test": compute_activations(model, data.test.inputs)}
    if data.own and len(data.own.test):
        evaluated["own_test"] = compute_activations(model, data.own.test.inputs)
    fitted = Calibrated(
        temperature,
        len(data.validation),
        known.own if known else 0,
        evaluated["test"],
        {name: np.full(len(each.last), temperature) for name, each in evaluated.items()},
    )
    if recipe.recognition == NONE:
        return fitted
    own, others = (part.training if part else None for part in (data.own, data.others))
    weights = known.weights if known else None
    scores = fit_scores(network, model, data.training, validation, own, others, weights)
    by_distance = None
    if known and validation and recipe.calibration == BY_DISTANCE:
        slope = _slope(known, temperature, scores)
        fitted = replace(fitted, slope=slope)
        if slope.slope:
            by_distance = DistanceTemperature(network, scores.from_data_set, slope.slope)
            scores = scores.with_thresholds(by_distance.applied(validation))
            fitted = _with_temperatures(fitted, by_distance, evaluated)
    name, examples = scores.chosen(recipe.recognition), np.asarray(data.training.photos[:EXAMPLES])
    score, threshold = scores.scores[name], scores.thresholds[name]
    recognizer = recognizer_of(network, score, threshold, examples, by_distance)
    return replace(fitted, scores=scores, recognizer=recognizer)


def _slope(known: ValidationPhotos, temperature: float, scores: FittedScores) -> FittedSlope:
    distances, logits = -values_of(scores.from_data_set, known.activations), known.logits
    logits = logits / temperature
    return fitted_slope(logits, known.classes, distances, known.weights, own=known.own)


def _with_temperatures(
    fitted: Calibrated, by_distance: DistanceTemperature, evaluated: Mapping[str, Activations]
) -> Calibrated:
    temperatures = {
        name: fitted.temperature * by_distance.temperatures(each)
        for name, each in evaluated.items()
    }
    return replace(fitted, test=by_distance.applied(fitted.test), temperatures=temperatures)


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
    if data.own:
        splits["own_test"] = data.own.test
    if data.others:
        splits[_OTHERS] = data.others.test
    outputs = {name: predict(split.photos) for name, split in splits.items() if len(split)}
    evaluations = {
        name: _evaluation(data, splits[name], found["probabilities"])
        for name, found in outputs.items()
        if name != _OTHERS  # They have no right answer.
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
            "threshold_photos": len(calibrated.scores.weights),
            "guaranteed": calibrated.scores.guaranteed,
            "learnt_from": calibrated.scores.fitted_to,
            "recognized": {name: float(found.mean()) for name, found in recognized.items()},
            "unknowns": unknowns.figures,
            "left_out": unknowns.left_out,
        }
    calibration = _calibration(calibrated, evaluations)
    own = evaluations.get("own_test")
    return CalibratedEvaluation(
        test, validation, calibration, recognition, recognized, own=own, accepted=accepted
    )


def _evaluation(data: DataSet, split: Split, probabilities: np.ndarray) -> Evaluation:
    return Evaluation(data.labels, np.asarray(split.classes), probabilities)


def _calibration(calibrated: Calibrated, found: Mapping[str, Evaluation]) -> dict[str, Any]:
    """Return the card's figures of test photos' probabilities, before and after calibration."""
    slope = calibrated.slope
    return {
        "calibrated": calibrated.fitted_on > 0,
        "method": BY_DISTANCE if slope and slope.slope else "temperature",
        "temperature": calibrated.temperature,
        "distance": slope.record() if slope else None,
        "fitted_on": calibrated.fitted_on,
        "fitted_on_own": calibrated.own,
        "bins": BINS,
        **{
            name: before_and_after(found[name].probabilities, found[name].classes, temperatures)
            for name, temperatures in calibrated.temperatures.items()
        },
    }
