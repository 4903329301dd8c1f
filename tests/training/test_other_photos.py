"""A model of photos in folders, one of them `other`: from the command line to the served graph."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from tests.training.backbones import write_photos
from tests.training.report.run_folders import text_of
from tests.training.test_backbone_runs import TINY
from tests.training.trust.test_ood_datasets import write_mnist
from training.__main__ import main
from training.data.photo_limits import prepare_photo

COUNTS = {"a": 30, "b": 30, "other": 30}


@pytest.mark.integration
def test_other_is_learnt_but_no_label_and_evaluated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PHOTOLABEL_DATA", str(tmp_path))
    write_mnist(tmp_path / "mnist")
    folder = write_photos(tmp_path / "shapes", COUNTS)
    (tmp_path / "flower-photos").mkdir()
    with zipfile.ZipFile(tmp_path / "flower-photos" / "flower_photos.zip", "w") as archive:
        archive.write(folder / "a" / "1.png", "tulips/1.png")
    settings = [word for assignment in TINY for word in ("--set", assignment)]

    command = ["run", "images-mobilenet", "--photos", str(folder), "--name", "shapes", *settings]
    assert main([*command, "--publish"]) == 0

    assert "other: 30 photos of none of the classes" in capsys.readouterr().out
    version = Path("models/shapes/1")
    card = json.loads((version / "assets.extra/model_card.json").read_text("utf-8"))
    assert card["labels"] == ["a", "b"]
    counts = card["data"]["others"]
    assert sum(counts[split] for split in ("training", "validation", "test")) == 30
    recognition = card["recognition"]
    assert recognition["score"] == "trained-rejection"
    assert set(recognition["unknowns"]) == {"other", "noise", "blank", "digits"}
    assert recognition["left_out"] == ["flowers"], "it has a photo that was trained on"
    scores = recognition["unknowns"]["other"]["scores"]
    assert {"feature-distance", "distance", "trained-rejection"} <= set(scores)
    assert scores["trained-rejection"]["false_acceptance"] == 0

    blue = write_photos(tmp_path / "new", {"a": 1, "b": 1, "other": 5}, first=90) / "other"
    pixels = [
        prepare_photo(path.read_bytes(), "squash/1", (224, 224, 3)) for path in blue.iterdir()
    ]
    signature = tf.saved_model.load(str(version)).signatures["serving_default"]
    outputs = signature(image=tf.constant(np.stack(pixels)))
    assert outputs["probabilities"].shape == (5, 2)
    assert not outputs["recognized"].numpy().any()

    [run] = Path("runs/images-mobilenet").iterdir()
    page = text_of((run / "report.html").read_text("utf-8"))
    assert "the test photos of the folder other" in page
    assert "trained on or tested with photos of them: flowers." in page
    assert "The published sets may show what your classes are" in page
