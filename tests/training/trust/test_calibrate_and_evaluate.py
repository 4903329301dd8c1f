"""Calibration and recognition from the command line: run, card, report, graph, `unknowns`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tests.training.backbones import write_photos
from tests.training.conftest import CommandLine
from tests.training.trust.test_ood_datasets import png, write_mnist
from training.__main__ import main
from training.data.loaders.fashion_mnist import load_fashion_mnist

VALIDATION = ("--set", "held_out=0.3")


def card_of(version: int, model: str = "clothing") -> dict[str, Any]:
    path = Path("models", model, str(version), "assets.extra", "model_card.json")
    return dict(json.loads(path.read_text("utf-8")))


def test_a_published_model_is_calibrated_and_says_what_it_recognizes(
    train: CommandLine, garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mnist(garments / "mnist")
    assert train(*VALIDATION, "--set", "epochs=3") == 0

    card = card_of(1)
    calibration, recognition = card["calibration"], card["recognition"]
    assert calibration["calibrated"]
    assert calibration["fitted_on"] == 60
    assert calibration["temperature"] != 1
    assert calibration["distance"]["loss_before"] > 0
    assert recognition["score"] == "distance"
    assert recognition["recognized"]["validation"] == pytest.approx(0.95, abs=0.02)
    assert set(recognition["unknowns"]) == {"noise", "blank", "digits"}
    scores = {"probability", "energy", "virtual-logit", "distance"}
    assert set(recognition["unknowns"]["digits"]["scores"]) == scores

    # The figures are those of the served model.
    signature = tf.saved_model.load("models/clothing/1").signatures["serving_default"]
    test = load_fashion_mnist(garments, 0.3).test
    outputs = signature(image=tf.constant(test.photos))
    correct = outputs["probabilities"].numpy()[np.arange(50), test.classes]
    assert card["metrics"]["test"]["loss"] == pytest.approx(-np.log(correct).mean(), abs=1e-4)
    assert calibration["test"]["after"]["loss"] == pytest.approx(-np.log(correct).mean(), abs=1e-4)
    assert calibration["test"]["before"]["loss"] != calibration["test"]["after"]["loss"]
    recognized = outputs["recognized"].numpy().mean()
    assert recognition["recognized"]["test"] == pytest.approx(recognized, abs=0.03)

    [run] = Path("runs/clothing-cnn").iterdir()
    page = (run / "report.html").read_text("utf-8")
    for text in ("fitted on 60 validation photos", "What it recognizes", "<strong>distance"):
        assert text in page
    assert (run / "reliability.png").is_file()

    capsys.readouterr()
    assert main(["unknowns", "clothing", "--data", str(garments), "--output", "unknowns.json"]) == 0
    sets = json.loads(Path("unknowns.json").read_text("utf-8"))["sets"]
    assert sets["digits"]["photos"] == 20
    expected = recognition["unknowns"]["digits"]["scores"]["distance"]
    assert sets["digits"]["recognized"] == pytest.approx(expected["false_acceptance"], abs=0.06)
    assert sets["digits"]["auroc"] == expected["auroc"]
    assert "digits" in capsys.readouterr().out


def test_own_photos_replace_no_other_set_and_have_no_figures_of_the_model_card(
    train: CommandLine, garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_mnist(garments / "mnist")
    assert train(*VALIDATION) == 0
    assert "digits" in card_of(1)["recognition"]["unknowns"]
    own = [Path("a/digits"), Path("b/digits"), Path("noise")]
    for folder in own:
        folder.mkdir(parents=True)
        (folder / "1.png").write_bytes(png(1))

    def look(data: Path, *photos: Path) -> int:
        words = [word for path in photos for word in ("--photos", str(path))]
        return main(["unknowns", "clothing", "--data", str(data), "--output", "own.json", *words])

    for data, photos in ((garments, own[:1]), (garments, own[2:]), (Path("a"), own[:2])):
        assert look(data, *photos) == 2
        message = f"there are two sets of photos called '{photos[-1].name}', one is --photos"
        assert f"{message} {photos[-1]}: rename it" in capsys.readouterr().err
    assert look(Path("a"), own[0]) == 0
    digits = json.loads(Path("own.json").read_text("utf-8"))["sets"]["digits"]
    assert digits["photos"] == 1
    assert digits["auroc"] is None


def test_without_validation_photos_the_card_says_so(train: CommandLine) -> None:
    assert train("--set", "held_out=0", "--set", "recognition=energy") == 0

    card = card_of(1)
    assert not card["calibration"]["calibrated"]
    assert card["calibration"]["temperature"] == 1
    assert card["calibration"]["test"]["before"] == card["calibration"]["test"]["after"]
    assert card["recognition"]["score"] == "energy"
    assert card["recognition"]["threshold_from"] == "training"
    [run] = Path("runs/clothing-cnn").iterdir()
    page = (run / "report.html").read_text("utf-8")
    assert "The probabilities are not calibrated" in page
    assert "it is too strict" in page


def test_recognition_can_be_disabled(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(*VALIDATION, "--set", "recognition=none") == 0

    assert card_of(1)["recognition"] is None
    assert card_of(1)["calibration"]["distance"] is None
    signature = tf.saved_model.load("models/clothing/1").signatures["serving_default"]
    assert set(signature.structured_outputs) == {"probabilities"}
    assert main(["unknowns", "clothing"]) == 1
    assert "clothing/1 does not tell which photos it recognizes" in capsys.readouterr().err


def test_an_unknown_score_is_refused(
    train: CommandLine, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--set", "recognition=guess") == 2
    assert "recognition is one of distance, feature-distance" in capsys.readouterr().err


def test_a_run_published_elsewhere_has_the_temperature_and_the_threshold_of_the_run(
    train: CommandLine, garments: Path
) -> None:
    assert train(*VALIDATION, "--set", "calibration=temperature") == 0
    [run] = Path("runs/clothing-cnn").iterdir()

    other = ["--models", "others", "--data", str(garments)]
    assert main(["publish", str(run), *other]) == 0

    path = Path("others", "clothing", "1", "assets.extra", "model_card.json")
    again, card = json.loads(path.read_text("utf-8")), card_of(1)
    for name, number in (("calibration", "temperature"), ("recognition", "threshold")):
        assert again[name][number] == pytest.approx(card[name][number], rel=1e-3)
    assert card["calibration"]["method"] == "temperature"
    assert card["calibration"]["distance"] is None, "only tried where it is asked for"


@pytest.mark.integration
def test_a_head_on_a_backbone_is_calibrated_from_cached_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_photos(tmp_path / "shapes", {"moon": 30, "sun": 30})
    small = ("network.weights=random", "network.alpha=0.25", "network.cut=conv_pw_1_relu")
    quick = ("epochs=2", "batch_size=8", "head.units=4", "head.output=sigmoid")
    words = [word for assignment in (*small, *quick) for word in ("--set", assignment)]
    shapes: list[tuple[int, ...]] = []
    counting = _counting(shapes, "training.trust.activations.compute_activations")
    for module in ("validation_photos", "calibrate_and_evaluate"):
        monkeypatch.setattr(f"training.trust.{module}.compute_activations", counting)

    named = ["--name", "s", "--publish"]
    assert main(["run", "images-mobilenet", "--data", str(folder), *named, *words]) == 0

    assert {shape[1:] for shape in shapes[:2]} == {(2, 16)}, "features, not photos"
    card = card_of(1, "s")
    assert card["calibration"]["calibrated"]
    assert set(card["recognition"]["unknowns"]) == {"noise", "blank"}


def _counting(shapes: list[tuple[int, ...]], name: str) -> Any:
    import importlib

    module, _, function = name.rpartition(".")
    original = getattr(importlib.import_module(module), function)

    def counted(inside: Any, photos: Any) -> Any:
        shapes.append(photos.shape)
        return original(inside, photos)

    return counted
