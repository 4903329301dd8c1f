"""The steps after fitting, from the command line: the gate, the report, the files of the run."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from serving.repository.versions import published_versions
from tests.training.conftest import CommandLine
from training.metrics.evaluation import read_evaluation
from training.metrics.histograms import histograms
from training.recipe import Recipe
from training.recipes import RECIPES

# Keras saves weights with a conversion that NumPy deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def set_floor(monkeypatch: pytest.MonkeyPatch, floor: float) -> None:
    recipe: Recipe = RECIPES["clothing-cnn"]
    monkeypatch.setitem(RECIPES, recipe.name, replace(recipe, floor=floor))


def card_of(version: int) -> dict[str, Any]:
    path = Path("models", "clothing", str(version), "assets.extra", "model_card.json")
    return dict(json.loads(path.read_text("utf-8")))


def test_a_refused_model_is_kept_with_its_report_until_it_is_forced(
    train: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_floor(monkeypatch, 0.999)
    assert train() == 3

    error = capsys.readouterr().err
    assert error.startswith("error: not published: its test accuracy of ")
    assert "is below the floor of clothing-cnn, 99.90%. --force publishes it anyway" in error
    run = Path(error.strip().rpartition(" ")[2])
    for name in ("trained.keras", "evaluation.json", "history.json", "report.html", "curves.png"):
        assert (run / name).is_file()
    gate = json.loads((run / "model_card.json").read_text())["gate"]
    assert (len(gate["faults"]), gate["forced"]) == (1, False)
    assert "Not published" in (run / "report.html").read_text("utf-8")
    assert published_versions(Path("models/clothing")) == []

    assert train("--force") == 0
    output = capsys.readouterr().out
    assert "published by force: its test accuracy of " in output
    assert "epoch" not in output, "the network is not trained again"
    gate = card_of(1)["gate"]
    assert isinstance(gate, dict)
    assert gate["forced"]
    assert "Published by force" in (run / "report.html").read_text("utf-8")


def test_a_second_version_is_compared_with_the_first(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    assert "no version of clothing serves yet" in capsys.readouterr().out
    assert train("--seed", "2", "--tolerance", "100") == 0

    assert "against version 1, which serves: " in capsys.readouterr().out
    gate = card_of(2)["gate"]
    assert isinstance(gate, dict)
    assert gate["serving"] == 1
    assert gate["tolerance"] == 100
    assert gate["difference"]["photos"] == 50


def test_the_model_card_has_the_histograms_of_the_test_split(train: CommandLine) -> None:
    assert train() == 0
    (run,) = Path("runs/clothing-cnn").iterdir()
    evaluation, _ = read_evaluation(run)
    recorded = card_of(1)["histograms"]
    assert recorded == histograms(evaluation, "test")
    assert np.sum([*recorded["confidence"].values()]) == 50


@pytest.mark.parametrize("tolerance", ["-1", "101", "nan"])
def test_an_invalid_tolerance_is_a_usage_error(
    train: CommandLine, capsys: pytest.CaptureFixture[str], tolerance: str
) -> None:
    assert train("--tolerance", tolerance) == 2
    assert "--tolerance is 0 to 100 points of accuracy, not" in capsys.readouterr().err
