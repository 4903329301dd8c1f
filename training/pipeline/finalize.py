"""What follows fitting: calibration, evaluation on the test split, model card."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from training.backends import backend_name
from training.console import say
from training.data.class_balance import class_counts
from training.data.datasets import DataSet
from training.data.loading import dataset_named
from training.errors import TrainingError
from training.json_files import write_json
from training.metrics.evaluation import Evaluation, read_evaluation, save_evaluation
from training.metrics.histograms import histograms
from training.metrics.own_evaluation import read_own_evaluation, save_own_evaluation
from training.model_cards import CARD, all_right, read_card
from training.publishing.card import model_card
from training.publishing.mistakes import confusion_and_mistakes
from training.publishing.training_overlap import note_training_photos
from training.recipe import Recipe
from training.runs.folders import FINISHED, Run
from training.runs.history import chosen_epoch, read_history
from training.runs.identity import code_of, package_versions
from training.runs.predictions import PREDICTIONS, SplitPredictions, write_predictions
from training.runs.trained_network import load_trained_network
from training.trust.accepted_unknowns import save_accepted
from training.trust.calibrate_and_evaluate import (
    Calibrated,
    CalibratedEvaluation,
    Predictor,
    calibrate_network,
    evaluate_calibrated,
    predict_in_memory,
)
from training.trust.calibration import calibrate
from training.trust.recognition_threshold import RECOGNIZED_SHARE, Recognizer
from training.trust.saved_recognizer import load_recognizer, save_recognizer


@dataclass(frozen=True)
class Evaluated:
    """A network that can be published.

    Attributes:
        recipe: with the overrides of the run.
        data: what it was trained on.
        data_folder: where that was found.
        network: to serve, float32, calibrated.
        recognizer: of the same network; None where recognition is disabled.
        card: the model card, without a verdict of the gate.
        test: evaluation on the test split.
        own: evaluation on the test split of own photos; None without any.
    """

    recipe: Recipe
    data: DataSet
    data_folder: Path | None
    network: keras.Model
    recognizer: Recognizer | None
    card: dict[str, Any]
    test: Evaluation
    own: Evaluation | None = None


def finalize(
    network: keras.Model,
    recipe: Recipe,
    data: DataSet,
    data_folder: Path | None,
    run: Run,
    console: Console,
) -> Evaluated:
    """Calibrate a trained network and evaluate it on the test split.

    Accuracies are those of the graph that would be published, from the photos, loaded as a model
    server does it; without TensorFlow, of the whole network in memory.

    Args:
        network: to serve, float32; its last layer is changed in place.
        recipe: with the overrides of the run.
        data: what it was trained on.
        data_folder: where data sets of unknown photos are looked for.
        run: has noted the circumstances of the training.
        console: shows what to know about the figures.

    Raises:
        TrainingError: a step failed.
    """
    began = time.monotonic()
    try:
        calibrated = calibrate_network(network, recipe, data)
        with _predictor(network, calibrated, run.folder) as predict:
            found = evaluate_calibrated(calibrated, predict, recipe, data, data_folder)
        seconds = round(time.monotonic() - began, 1)
        # Whoever evaluates it again, to publish it, leaves the times of the run as they are.
        run.note(trained={"evaluation_seconds": seconds, **run.facts()["trained"]})
        card = _save_results(found, recipe, data, run)
        note_training_photos(run.folder, data, recipe)
        if calibrated.recognizer:
            save_recognizer(calibrated.recognizer, run.folder)
    except TrainingError as error:
        raise type(error)(f"{error}. The trained network is in {run.folder}") from error
    run.note_end("evaluated", evaluated_with=_evaluator(recipe))
    _warn_about_few_photos(card, console)
    evaluated = found.test, found.own
    return Evaluated(recipe, data, data_folder, network, calibrated.recognizer, card, *evaluated)


def evaluated_before(
    recipe: Recipe, data: DataSet, data_folder: Path | None, run: Run
) -> Evaluated | None:
    """Return the network of a run that was evaluated, as `finalize` left it.

    None if it is to be evaluated first, or once more: by this backend, by code that has changed
    since, or because what is left of it is incomplete.
    """
    facts, folder = run.facts(), run.folder
    if facts["status"] not in FINISHED or facts.get("evaluated_with") != _evaluator(recipe):
        return None
    network = load_trained_network(folder)
    if network is None:
        return None
    try:
        card, (test, _) = read_card(folder / CARD), read_evaluation(folder)
        own = read_own_evaluation(folder) if "own" in card["metrics"] else None
    except TrainingError:
        return None
    card.pop("gate", None)
    calibrate(network, card["calibration"]["temperature"])
    recognizer = None
    if card["recognition"]:
        recognizer = load_recognizer(folder, network, card)
        if recognizer is None:
            return None
    return Evaluated(recipe, data, data_folder, network, recognizer, card, test, own)


def _evaluator(recipe: Recipe) -> dict[str, Any]:
    """Return what the figures of a trained network depend on, besides its photos."""
    backend = backend_name()
    return {"backend": backend, "code": code_of(recipe), "packages": package_versions(backend)}


@contextmanager
def _predictor(network: keras.Model, calibrated: Calibrated, run: Path) -> Iterator[Predictor]:
    """Provide the outputs of what would be published."""
    if backend_name() != "tensorflow":
        yield partial(predict_in_memory, network, calibrated.recognizer)
        return
    from training.publishing.publish import as_served

    with as_served(network, calibrated.recognizer, run) as predict:
        yield predict


def _warn_about_few_photos(card: dict[str, Any], console: Console) -> None:
    if all_right(card):
        say(
            console,
            f"calibration: all {card['calibration']['fitted_on']:,} validation photos are predicted"
            " right, which does not tell how sure the model should be: its probabilities are"
            " left as they were fitted, and may be too high",
        )
    recognition = card["recognition"]
    guaranteed = recognition and recognition["guaranteed"]
    if guaranteed and guaranteed < RECOGNIZED_SHARE:
        say(
            console,
            f"recognition: {recognition['threshold_photos']} validation photos only guarantee that"
            f" {guaranteed:.1%} of new photos are recognized on average, not"
            f" {RECOGNIZED_SHARE:.0%}: the threshold is their lowest score",
        )


def _save_results(
    found: CalibratedEvaluation, recipe: Recipe, data: DataSet, run: Run
) -> dict[str, Any]:
    """Write the card, the predictions and the evaluation of the test split; return the card."""
    facts = run.facts()
    epoch = chosen_epoch(read_history(run.folder), facts["trained"])
    shown = data.test.photos if dataset_named(recipe.dataset).public else None
    metrics = {
        "training": {
            "photos": len(data.training),
            **{name: epoch.get(name) for name in ("accuracy", "loss") if epoch},  # Means over it.
            "classes": {label: {"photos": count} for label, count in class_counts(data).items()},
        },
        "test": {**found.test.metrics(), **confusion_and_mistakes(found.test, shown)},
    }
    if found.validation:
        metrics["validation"] = found.validation.metrics()
    if found.own:
        metrics["own"] = found.own.metrics()
    trust = {"calibration": found.calibration, "recognition": found.recognition}
    card = model_card(recipe, data, metrics, trust, {**facts["trained"], "run": facts["id"]})
    if "weights_file" in facts:
        card["weights"] = {"name": facts["weights_file"], "sha256": facts["weights"]}
    if "start" in facts:
        card["started_from"] = facts["start"]
    card["histograms"] = histograms(found.test, "test")
    parts = {"validation": (data.validation, found.validation), "test": (data.test, found.test)}
    if data.own:
        parts["own_test"] = data.own.test, found.own
    predictions = [
        SplitPredictions(name, data.names(split), evaluation, found.recognized.get(name))
        for name, (split, evaluation) in parts.items()
        if evaluation
    ]
    write_predictions(run.folder / PREDICTIONS, predictions)
    if found.accepted:
        save_accepted(found.accepted, run.folder)
    save_evaluation(found.test, data.test.photos, run.folder, data.names(data.test))
    if found.own:
        save_own_evaluation(found.own, run.folder)
    write_json(run.folder / CARD, card)
    return card
