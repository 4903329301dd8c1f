"""The steps after fitting, from the command line: the gate, the report, the files of the run."""

import csv
import json
import re
import shlex
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from serving.photos import prepare
from serving.repository.versions import published_versions
from tests.training.backbones import tiny, write_photos
from tests.training.conftest import CommandLine
from training.__main__ import main
from training.fitting.devices import choose_devices
from training.judging.scoring import recipe_photos, score
from training.metrics.evaluation import read_evaluation
from training.metrics.histograms import histograms
from training.pipeline.run_options import Paths, RunOptions
from training.pipeline.train import run_recipe
from training.publishing.gate_policy import GatePolicy
from training.publishing.published_model import PublishedModel
from training.recipe import Recipe
from training.recipes import RECIPES
from training.settings import FineTuning


def predictions_of(run: Path) -> dict[str, list[dict[str, str]]]:
    """Return the rows of a run's `predictions.csv` by the split."""
    found: dict[str, list[dict[str, str]]] = {}
    with open(run / "predictions.csv", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["split"], []).append(row)
    return found


def accuracy_of(rows: list[dict[str, str]]) -> float:
    """Return the accuracy as computed from the columns of probabilities."""
    first = "probability of "
    right = 0
    for row in rows:
        shares = {n.removeprefix(first): float(row[n]) for n in row if n.startswith(first)}
        right += max(shares, key=lambda label: shares[label]) == row["truth"]
    return right / len(rows)


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
    assert "is below the floor of clothing-cnn, 99.90%: look at its curves in the report" in error
    command = shlex.split(error.partition("anyway: ")[2])
    assert command[:4] == ["python", "-m", "training", "publish"]
    run = Path(command[4])
    facts = json.loads((run / "run.json").read_text())
    assert facts["status"] == "refused"
    assert facts["reason"].startswith("its test accuracy of ")
    for name in ("trained.keras", "evaluation.json", "history.json", "report.html", "curves.png"):
        assert (run / name).is_file()
    gate = json.loads((run / "model_card.json").read_text())["gate"]
    assert (len(gate["faults"]), gate["forced"]) == (1, False)
    assert "Not published" in (run / "report.html").read_text("utf-8")
    assert published_versions(Path("models/clothing")) == []

    assert main(command[3:]) == 0
    output = capsys.readouterr().out
    assert "published by force: its test accuracy of " in output
    assert "epoch 1/" not in output, "the network is not trained again"
    gate = card_of(1)["gate"]
    assert isinstance(gate, dict)
    assert gate["forced"]
    assert "Published by force" in (run / "report.html").read_text("utf-8")

    assert train("--fresh", "--force") == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "to take it back: python -m training rollback clothing 1"


def test_a_run_publishes_nothing_until_it_is_told_to(
    train: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(publish=False) == 0

    *_, report, summary, how = capsys.readouterr().out.splitlines()
    (run,) = Path("runs/clothing-cnn").iterdir()
    assert report == f"report: {run}/report.html"
    assert re.search(r"test \d.*, fitted in \d+ s, \d+ s with loading, calibration and ", summary)
    assert how == f"to publish it: python -m training publish {run}"
    assert json.loads((run / "run.json").read_text())["status"] == "evaluated"
    assert not (run / "graph").exists()
    assert not Path("models").exists()

    def again(*_: Any) -> None:
        raise AssertionError("it is neither calibrated nor evaluated again")

    monkeypatch.setattr("training.pipeline.finalize.calibrate_network", again)
    assert train(publish=False) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [summary, how]
    publish = shlex.split(how.partition(": ")[2])[3:]
    with monkeypatch.context() as changed:
        changed.setattr("training.pipeline.finalize.code_of", lambda _: "other code")
        with pytest.raises(AssertionError):
            main(publish)
    (run / "evaluation.npz").rename("evaluation.npz")
    with pytest.raises(AssertionError):
        main(publish)
    Path("evaluation.npz").rename(run / "evaluation.npz")
    capsys.readouterr()
    assert main(publish) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{summary}, published as models/clothing/1"
    evaluation, _ = read_evaluation(run)
    accuracy = card_of(1)["metrics"]["test"]["accuracy"]
    assert evaluation.right.mean() == accuracy
    assert main(["evaluate", "clothing/1", "--data", "garments", "--output", "scores.json"]) == 0
    assert json.loads(Path("scores.json").read_text())["accuracy"] == accuracy

    capsys.readouterr()
    assert main(["publish", run.name]) == 0
    assert capsys.readouterr().out == f"{run} is published as models/clothing/1 already\n"
    assert published_versions(Path("models/clothing")) == [1]

    shutil.rmtree("models/clothing/1")
    assert train(publish=False) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [summary, how]


def test_a_second_version_is_compared_with_the_first(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    assert "no version of clothing serves yet" in capsys.readouterr().out
    (first,) = Path("runs/clothing-cnn").iterdir()
    assert train("--seed", "2", "--tolerance", "100") == 0

    assert "against version 1, which serves: " in capsys.readouterr().out
    gate = card_of(2)["gate"]
    assert isinstance(gate, dict)
    assert gate["serving"] == 1
    assert gate["tolerance"] == 100
    assert gate["difference"]["photos"] == 50

    assert main(["publish", first.name]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{first} is published as models/clothing/1 already",
        "version 2 is the newest and goes on serving; to change that:"
        " python -m training rollback clothing 1",
    ]


def test_the_model_card_has_the_histograms_of_the_test_split(train: CommandLine) -> None:
    assert train() == 0
    (run,) = Path("runs/clothing-cnn").iterdir()
    evaluation, _ = read_evaluation(run)
    recorded = card_of(1)["histograms"]
    assert recorded == histograms(evaluation, "test")
    assert np.sum([*recorded["confidence"].values()]) == 50

    rows = predictions_of(run)["test"]
    assert accuracy_of(rows) == evaluation.metrics()["accuracy"]
    assert [row["path"] for row in rows] == [f"t10k-images-idx3-ubyte.gz#{n}" for n in range(50)]
    assert [row["truth"] for row in rows] == [evaluation.labels[n] for n in evaluation.classes]
    assert [float(row["confidence"]) for row in rows] == pytest.approx(
        evaluation.probabilities.max(axis=1).tolist()
    )


def test_the_card_has_the_figures_of_the_published_graph(tmp_path: Path) -> None:
    """Not those of the cached features of a backbone, which are rounded to half precision."""
    folder = write_photos(tmp_path / "shapes", {"moon": 40, "sun": 40})
    recipe, console = tiny(FineTuning(after="conv_pw_1_relu", head_epochs=1)), Console(quiet=True)
    paths = Paths(folder, tmp_path / "models", tmp_path / "runs")
    options = RunOptions(choose_devices("cpu"), GatePolicy())
    version = run_recipe(recipe, paths, options, console).version
    assert version

    model = PublishedModel(version)
    for split in ("test", "validation"):
        scores = score(model, recipe_photos(model, recipe, folder, split, console))
        assert scores["warning"] == ""
        figures = model.card["metrics"][split]
        assert (scores["photos"], scores["accuracy"]) == (figures["photos"], figures["accuracy"])
        assert scores["loss"] == pytest.approx(figures["loss"], abs=1e-7)
    assert model.card["calibration"]["test"]["after"]["loss"] == pytest.approx(
        model.card["metrics"]["test"]["loss"]
    )
    [run] = (tmp_path / "runs" / recipe.name).iterdir()
    check_predictions(run, model)


def check_predictions(run: Path, model: PublishedModel) -> None:
    """Check that `predictions.csv` names the photos, and what is served for each."""
    found = predictions_of(run)
    assert list(found) == ["validation", "test"]
    for split, rows in found.items():
        figures = model.card["metrics"][split]
        assert len(rows) == figures["photos"]
        assert accuracy_of(rows) == figures["accuracy"]
        assert np.mean([row["correct"] == "true" for row in rows]) == figures["accuracy"]
        share = np.mean([row["recognized"] == "true" for row in rows])
        assert share == pytest.approx(model.card["recognition"]["recognized"][split])
        encoded = [Path(row["path"]).read_bytes() for row in rows]
        assert all(Path(row["path"]).parent.name == row["truth"] for row in rows)
        pixels = np.stack([prepare(each, model.preparation, model.shape) for each in encoded])
        served = model.predict(pixels)["probabilities"]
        written = [[row[f"probability of {label}"] for label in model.labels] for row in rows]
        assert np.array(written, float) == pytest.approx(served, abs=1e-6)


@pytest.mark.parametrize("tolerance", ["-1", "101", "nan"])
def test_an_invalid_tolerance_is_a_usage_error(
    train: CommandLine, capsys: pytest.CaptureFixture[str], tolerance: str
) -> None:
    assert train("--tolerance", tolerance) == 2
    assert "--tolerance is 0 to 100 points of accuracy, not" in capsys.readouterr().err
