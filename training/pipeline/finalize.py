"""What follows fitting: calibration, evaluation on the test split, report, gate, publishing."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
from rich.console import Console

from training.backends import backend_name
from training.console import say
from training.data.class_balance import class_counts
from training.data.datasets import DataSet
from training.errors import TrainingError
from training.json_files import write_json
from training.metrics.evaluation import save_evaluation
from training.metrics.histograms import histograms
from training.model_cards import CARD, all_right
from training.publishing.card import model_card
from training.publishing.gate_policy import GatePolicy
from training.recipe import Recipe
from training.runs.folders import Run
from training.runs.history import chosen_epoch, read_history
from training.runs.predictions import PREDICTIONS, SplitPredictions, write_predictions
from training.trust.calibrate_and_evaluate import (
    Calibrated,
    CalibratedEvaluation,
    Predictor,
    calibrate_network,
    evaluate_calibrated,
    predict_in_memory,
)
from training.trust.recognition_threshold import RECOGNIZED_SHARE

if TYPE_CHECKING:
    from training.publishing.gate import Verdict  # Imports TensorFlow, which JAX does not need.


def finalize(
    network: keras.Model,
    recipe: Recipe,
    data: DataSet,
    data_folder: Path | None,
    run: Run,
    base: Path,
    policy: GatePolicy,
    console: Console,
) -> Path | None:
    """Calibrate a trained network, evaluate it on the test split and publish it.

    Accuracies are those of the published graph, from the photos, loaded as a model server does it;
    without TensorFlow, of the whole network in memory.

    Args:
        network: to serve, float32; its last layer is changed in place.
        recipe: with the overrides of the run.
        data: what it was trained on.
        data_folder: where data sets of unknown photos are looked for.
        run: has noted the circumstances of the training.
        base: the model's folder of versions.
        policy: how strict the publishing gate is.
        console: shows the outcome.

    Returns:
        The folder of the published version. None if the backend writes no SavedModel; the command
        that publishes it elsewhere is shown then.

    Raises:
        TrainingError: a step failed, or the gate refused (`Refused`).
    """
    calibrated = calibrate_network(network, recipe, data)
    try:
        with _predictor(network, calibrated, base) as predict:
            found = evaluate_calibrated(calibrated, predict, recipe, data, data_folder)
        card = _save_results(found, recipe, data, run)
        _warn_about_few_photos(card, console)
        if backend_name() != "tensorflow":
            _write_report(run.folder, console)
            say(console, f"{_summary(card)}. To publish it, where TensorFlow is installed:")
            words = ["python", "-m", "training", "export", str(run.folder)]
            words += ["--data", str(data_folder)] if data_folder else []
            say(console, shlex.join([*words, "--models", str(base.parent)]))
            return None
        from training.publishing.gate import judge
        from training.publishing.publish import publish

        verdict = judge(recipe, data, found.test, base, policy)
        card = _pass_gate(card, verdict, run.folder, console)
        version = base / str(publish(network, card, base, calibrated.recognizer))
    except TrainingError as error:
        raise type(error)(f"{error}. The trained network is in {run.folder}") from error
    run.note(status="published", version=str(version))
    say(console, f"{_summary(card)}, published as {version}")
    return version


@contextmanager
def _predictor(network: keras.Model, calibrated: Calibrated, base: Path) -> Iterator[Predictor]:
    """Provide the outputs of what will be published."""
    if backend_name() != "tensorflow":
        yield partial(predict_in_memory, network, calibrated.recognizer)
        return
    from training.publishing.publish import as_served

    with as_served(network, calibrated.recognizer, base) as predict:
        yield predict


def _summary(card: dict[str, Any]) -> str:
    """Return what to print at the end: the only line of a run with the test accuracy."""
    metrics = card["metrics"]
    validation = metrics.get("validation")
    shown = f"validation {validation['accuracy']:.2%}" if validation else "no validation photos"
    return (
        f"{card['recipe']}: {shown}, test {metrics['test']['accuracy']:.2%} (accuracy on"
        f" {metrics['test']['photos']:,} photos), trained in {card['trained']['seconds']:.0f} s"
    )


def _warn_about_few_photos(card: dict[str, Any], console: Console) -> None:
    if all_right(card):
        say(
            console,
            f"calibration: all {card['calibration']['fitted_on']:,} validation photos are predicted"
            " right, which does not tell how sure the model should be: its probabilities are"
            " left as they were fitted, and may be too high",
        )
    recognition = card["recognition"]
    promised = recognition and recognition["promised"]
    if promised and promised < RECOGNIZED_SHARE:
        say(
            console,
            f"recognition: {recognition['threshold_photos']} validation photos only guarantee that"
            f" {promised:.1%} of new photos are recognized on average, not {RECOGNIZED_SHARE:.0%}:"
            " the threshold is their lowest score",
        )


def _save_results(
    found: CalibratedEvaluation, recipe: Recipe, data: DataSet, run: Run
) -> dict[str, Any]:
    """Write the card, the predictions and the evaluation of the test split; return the card."""
    facts = run.facts()
    epoch = chosen_epoch(read_history(run.folder), facts["trained"])
    metrics = {
        "training": {
            "photos": len(data.training),
            **{name: epoch.get(name) for name in ("accuracy", "loss") if epoch},  # Means over it.
            "classes": {label: {"photos": count} for label, count in class_counts(data).items()},
        },
        "test": found.test.metrics(),
    }
    if found.validation:
        metrics["validation"] = found.validation.metrics()
    trust = {"calibration": found.calibration, "recognition": found.recognition}
    card = model_card(recipe, data, metrics, trust, {**facts["trained"], "run": facts["id"]})
    if "weights_file" in facts:
        card["weights"] = {"name": facts["weights_file"], "sha256": facts["weights"]}
    card["histograms"] = histograms(found.test, "test")
    parts = {"validation": (data.validation, found.validation), "test": (data.test, found.test)}
    predictions = [
        SplitPredictions(name, data.names(split), evaluation, found.recognized.get(name))
        for name, (split, evaluation) in parts.items()
        if evaluation
    ]
    write_predictions(run.folder / PREDICTIONS, predictions)
    save_evaluation(found.test, data.test.photos, run.folder, data.names(data.test))
    write_json(run.folder / CARD, card)
    return card


def _pass_gate(
    card: dict[str, Any], verdict: "Verdict", folder: Path, console: Console
) -> dict[str, Any]:
    """Return the card with the gate's verdict, once it and the report are written, or Refused."""
    card = {**card, "gate": verdict.record()}
    write_json(folder / CARD, card)
    _write_report(folder, console)
    for line in verdict.lines():
        say(console, line)
    verdict.check()
    return card


def _write_report(run: Path, console: Console) -> None:
    """Write the report of a run; if it can't be written, only say so."""
    try:
        from training.report import write_report

        say(console, f"report: {write_report(run)}")
    except (TrainingError, ModuleNotFoundError) as error:
        say(console, f"no report: {error}")
