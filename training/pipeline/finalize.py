"""What comes after fitting: the test, what is kept of it, the report, the gate, publishing."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
from rich.console import Console

from training.data.datasets import DataSet
from training.errors import TrainingError
from training.metrics.evaluation import read_evaluation, save_evaluation
from training.metrics.histograms import histograms
from training.publishing.card import model_card
from training.publishing.policy import Policy
from training.recipe import Recipe
from training.runs.files import CARD, read_history, write_json
from training.trust.calibrate_and_evaluate import calibrate_and_evaluate
from training.trust.recognition_threshold import Recognizer


@dataclass(frozen=True)
class Outcome:
    """What a run has come to.

    Attributes:
        recipe: with the overrides of the run.
        data: what was trained and tested on.
        network: to serve, float32, calibrated.
        recognizer: tells photos of the known kind from others; None where none does.
        card: the model card.
        folder: of the run.
    """

    recipe: Recipe
    data: DataSet
    network: keras.Model
    recognizer: Recognizer | None
    card: dict[str, Any]
    folder: Path


def judge_and_keep(
    network: keras.Model,
    recipe: Recipe,
    data: DataSet,
    data_folder: Path | None,
    how: dict[str, Any],
    folder: Path,
) -> Outcome:
    """Calibrate a trained network and judge it on the test split; keep card and evaluation.

    Needs no TensorFlow.

    Args:
        network: to serve, float32; its last layer is changed.
        recipe: with the overrides of this run.
        data: what it was trained on.
        data_folder: where data sets of what it was not trained on are looked for.
        how: of `training.publishing.card.circumstances`, with the time that it took.
        folder: of the run.

    Raises:
        TrainingError: the file system refused.
    """
    found = calibrate_and_evaluate(network, recipe, data, data_folder)
    metrics = {"training": _last_epoch(folder, len(data.training)), "test": found.test.metrics()}
    if found.validation:
        metrics["validation"] = found.validation.metrics()
    trust = {"calibration": found.calibration, "recognition": found.recognition}
    card = model_card(recipe, data, metrics, trust, how)
    card["histograms"] = histograms(found.test, "test")
    save_evaluation(found.test, data.test.photos, folder)
    write_json(folder / CARD, card)
    return Outcome(recipe, data, network, found.recognizer, card, folder)


def _last_epoch(run: Path, photos: int) -> dict[str, Any]:
    """Return the figures of the training photos, means over the steps of the last epoch."""
    last = read_history(run)[-1:]
    return {"photos": photos, **{name: last[0].get(name) for name in ("accuracy", "loss") if last}}


def release(outcome: Outcome, base: Path, policy: Policy, console: Console) -> Path:
    """Publish what a run has come to if the gate lets it through; write its report either way.

    Args:
        outcome: of `judge_and_keep`.
        base: the model's folder of versions.
        policy: how strict the gate is.
        console: where what was found is said.

    Returns:
        The folder of the published version.

    Raises:
        Refused: by the gate, with the figures.
        TrainingError: it can't be published.
    """
    from training.publishing.gate import judge
    from training.publishing.publish import publish

    evaluation, _ = read_evaluation(outcome.folder)
    verdict = judge(outcome.recipe, outcome.data, evaluation, base, policy)
    card = {**outcome.card, "gate": verdict.record()}
    write_json(outcome.folder / CARD, card)
    report(outcome.folder, console)
    for line in verdict.told():
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    verdict.check()
    return base / str(publish(outcome.network, card, base, outcome.recognizer))


def report(run: Path, console: Console) -> None:
    """Write the report of a run; a report that can't be written stops nothing, it is only said."""
    try:
        from training.report import write_report

        line = f"report: {write_report(run)}"
    except (TrainingError, ModuleNotFoundError) as error:
        line = f"no report: {error}"
    console.print(line, highlight=False, markup=False, soft_wrap=True)
