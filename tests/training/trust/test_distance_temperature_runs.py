"""Runs whose probabilities depend on the distance: card, graph, network in memory, publishing."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.training.conftest import CommandLine, encoded
from training.__main__ import main
from training.data.loaders.fashion_mnist import load_fashion_mnist
from training.errors import TrainingError
from training.judging.run_model import RunModel
from training.publishing.published_model import PublishedModel
from training.trust.calibration import calibration_figures
from training.trust.distance_temperature import FittedSlope, Slope, fitted_slope

VALIDATION = ("--set", "held_out=0.3")
STEEP = Slope(0.5, 3.0, 0.0, 8.0)


def card_of(models: str) -> dict[str, Any]:
    path = Path(models, "clothing", "1", "assets.extra", "model_card.json")
    return dict(json.loads(path.read_text("utf-8")))


@pytest.fixture
def fitted_to(monkeypatch: pytest.MonkeyPatch) -> list[np.ndarray]:
    """Have every slope be steep; the list gets the weights of the photos it is fitted to."""
    weights: list[np.ndarray] = []

    def steep(
        logits: np.ndarray, classes: np.ndarray, distances: np.ndarray, each: np.ndarray, own: int
    ) -> FittedSlope:
        weights.append(each)
        fitted_slope(logits, classes, distances, each, own)
        return FittedSlope(STEEP, 0.3, 0.2)

    monkeypatch.setattr("training.trust.calibrate_and_evaluate.fitted_slope", steep)
    return weights


@pytest.mark.integration
def test_what_is_published_has_the_temperature_of_each_photo(
    train: CommandLine, garments: Path, fitted_to: list[np.ndarray]
) -> None:
    folder = Path("mine", "Bag")
    folder.mkdir(parents=True)
    for number in range(12):
        (folder / f"{number}.jpg").write_bytes(encoded((40, 30), 5 * number))
    assert train(*VALIDATION, "--set", "own.photos=mine", "--set", "recognition=energy") == 0

    card, test = card_of("models"), load_fashion_mnist(garments, 0.3).test
    calibration = card["calibration"]
    assert calibration["method"] == "distance"
    assert calibration["distance"] == {"slope": vars(STEEP), "loss_before": 0.3, "loss": 0.2}
    assert calibration["fitted_on"] == 60
    own = calibration["fitted_on_own"]
    assert 0 < own < 12
    # A fifth of the whole, unless each counted more than ten times.
    assert fitted_to[0] == pytest.approx(np.repeat([1.0, min(10, 15 / own)], [60, own]))
    assert calibration["own_test"]["after"] != calibration["own_test"]["before"]

    published = PublishedModel(Path("models/clothing/1"))
    outputs = published.predict(test.photos)
    figures = calibration_figures(outputs["probabilities"], test.classes)
    assert calibration["test"]["after"]["loss"] == pytest.approx(figures["loss"], abs=1e-4)
    assert calibration["test"]["before"]["loss"] != pytest.approx(figures["loss"], abs=1e-3)
    # One photo alone has the same probabilities as in a batch.
    signature = tf.saved_model.load("models/clothing/1").signatures["serving_default"]
    single = signature(image=tf.constant(test.photos[:1]))["probabilities"].numpy()
    assert np.allclose(single, outputs["probabilities"][:1], atol=1e-6)

    [run] = Path("runs/clothing-cnn").iterdir()
    in_memory = RunModel(run).predict(test.photos)
    assert np.allclose(in_memory["probabilities"], outputs["probabilities"], atol=1e-5)
    assert np.array_equal(in_memory["recognized"], outputs["recognized"])
    assert "rises with its distance" in (run / "report.html").read_text("utf-8")

    again = ["publish", str(run), "--models", "others", "--data", str(garments)]
    assert main(again) == 0
    assert len(fitted_to) == 1, "restored, not evaluated once more"
    others = PublishedModel(Path("others/clothing/1")).predict(test.photos)
    assert np.allclose(others["probabilities"], outputs["probabilities"], atol=1e-6)

    (run / "recognizer.npz").unlink()
    with pytest.raises(TrainingError, match=r"has no intact recognizer\.npz"):
        RunModel(run)
