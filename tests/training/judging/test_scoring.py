"""The evaluate command: published models scored on recipes' data sets and folders of photos."""

import csv
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.signals import photos, published
from training.__main__ import main
from training.recipe import Recipe

PETS = ("cat", "T-shirt/top")


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder with a model that has a label for each of the first two pixels."""
    published(tmp_path / "models" / "pets", labels=PETS)
    return tmp_path / "models"


def photo(path: Path, pixel: int) -> None:
    """Write a photo of 2×2 pixels, one of them bright."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photos(np.array([pixel]))[0, ..., 0]).save(path, "PNG")


def test_a_folder_of_photos_is_scored_by_the_labels_of_its_sub_folders(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "shop"
    for n, pixel in enumerate((0, 0, 0, 1)):
        photo(folder / "Cats" / f"{n}.png", pixel)
    photo(folder / "t-shirt_top" / "deep" / "1.png", 1)
    (folder / "t-shirt_top" / "bad.jpg").write_text("no photo")
    (folder / "t-shirt_top" / ".DS_Store").write_text("hidden")

    command = ["evaluate", "pets", "--models", str(models), "--photos", str(folder)]
    assert main([*command, "--output", "scores.json", "--predictions", "predicted.csv"]) == 0

    with open("predicted.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    inner = [f"Cats/{n}.png" for n in range(4)] + ["t-shirt_top/deep/1.png"]
    assert [row["path"] for row in rows] == [str(folder / path) for path in inner]
    assert [row["truth"] for row in rows] == ["cat"] * 4 + ["T-shirt/top"]
    assert [row["label"] for row in rows] == ["cat"] * 3 + ["T-shirt/top"] * 2
    assert {(row["split"], row["recognized"]) for row in rows} == {("", "")}
    assert float(rows[3]["probability of T-shirt/top"]) > 0.9
    figures = json.loads(Path("scores.json").read_text("utf-8"))
    assert figures["accuracy"] == 0.8
    assert figures["confusion"] == [[3, 1], [0, 1]]
    assert figures["classes"]["cat"] == {
        "photos": 4,
        "recall": 0.75,
        "precision": 1.0,
        "f1": pytest.approx(6 / 7),
    }
    assert (figures["model"], figures["version"], figures["data"]) == ("pets", 1, "shop")
    shown = capsys.readouterr().out
    assert "left out: t-shirt_top/bad.jpg: " in shown
    assert "pets/1 on shop: accuracy 80.00% (95% interval 37.55% to 96.38%) of 5 photos" in shown
    assert "│ T-shirt/top │" in shown


def test_the_requested_split_of_a_split_folder_is_scored(models: Path, tmp_path: Path) -> None:
    for part, pixel in (("train", 0), ("validation", 0), ("test", 1)):
        photo(tmp_path / "split" / part / "cat" / "1.png", pixel)
    command = ["evaluate", "pets", "--models", str(models), "--photos", str(tmp_path / "split")]

    for options, accuracy in (([], 0.0), (["--split", "training"], 1.0)):
        assert main([*command, *options, "--output", "scores.json"]) == 0
        assert json.loads(Path("scores.json").read_text())["accuracy"] == accuracy


def test_a_zip_file_is_scored_without_photos_of_none_of_the_classes(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(tmp_path / "cat.png", 0)
    with zipfile.ZipFile(tmp_path / "shop.zip", "w") as archive:
        for name in ("shop/Cats/1.png", "shop/other/1.png", "shop/other/2.png"):
            archive.write(tmp_path / "cat.png", name)
    command = ["evaluate", "pets", "--models", str(models), "--photos", "shop.zip"]

    assert main([*command, "--output", "scores.json"]) == 0
    figures = json.loads(Path("scores.json").read_text())
    assert (figures["photos"], figures["accuracy"]) == (1, 1.0)
    assert "not scored: 2 photos of 'other', which is no label" in capsys.readouterr().out


def test_a_list_of_photos_is_scored(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, pixel in enumerate((0, 0, 1)):
        photo(tmp_path / "shop" / f"{number}.png", pixel)
    listed = "path,label,split\n0.png,Cats,train\n1.png,Cats,test\n2.png,Cats,test\n"
    (tmp_path / "shop" / "photos.csv").write_text(listed)
    command = ["evaluate", "pets", "--models", str(models), "--photos", "shop/photos.csv"]

    assert main([*command, "--output", "scores.json"]) == 0
    figures = json.loads(Path("scores.json").read_text())
    assert (figures["photos"], figures["accuracy"]) == (2, 0.5)
    assert main([*command, "--split", "validation"]) == 1
    assert "photos.csv has no validation photos; take another --split" in capsys.readouterr().err


def test_what_systems_leave_beside_photos_is_not_scored(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(tmp_path / "shop" / "cat" / "1.png", 0)
    photo(tmp_path / "shop" / "cat" / "@eaDir" / "1.png", 1)
    photo(tmp_path / "shop" / "@eaDir" / "1.png", 1)

    assert main(["evaluate", "pets", "--models", str(models), "--photos", "shop"]) == 0
    shown = capsys.readouterr().out
    assert "left out 2 files: 2 in @eaDir" in shown
    assert "of 1 photos" in shown


@pytest.mark.parametrize(
    ("inner", "message"),
    [
        (
            "dog/1.png",
            "the folder 'dog' in photos is none of the labels: they are cat, T-shirt/top; ",
        ),
        ("1.png", "photos has no photos in folders named as the labels: cat, T-shirt/top"),
        (
            "other/1.png",
            "photos has no photos to score: all of them are of 'other'; `unknowns",
        ),
        ("cat/1.txt", "photos has no readable photos"),
    ],
)
def test_an_unsuitable_folder_is_one_line(
    models: Path, capsys: pytest.CaptureFixture[str], inner: str, message: str
) -> None:
    path = Path("photos", inner)
    path.parent.mkdir(parents=True)
    path.write_text("no photo")

    assert main(["evaluate", "pets", "--models", str(models), "--photos", "photos"]) == 1
    assert capsys.readouterr().err.startswith(f"error: {message}")


@pytest.mark.integration
def test_a_model_is_scored_on_the_test_photos_of_its_own_recipe(
    garments: Path, tiny_recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = ("batch_size=50", "epochs=1", "network.stem=4", "network.stages=4,8")
    words = [word for each in tiny for word in ("--set", each)]
    data = ["--data", str(garments)]
    assert main(["run", tiny_recipe.name, *data, *words, "--publish", "--force"]) == 0
    card = json.loads(Path("models/clothing/1/assets.extra/model_card.json").read_text())
    capsys.readouterr()

    files = ["--output", "scores.json", "--predictions", "predicted.csv"]
    assert main(["evaluate", "clothing", *data, *files]) == 0
    (run,) = Path("runs", tiny_recipe.name).iterdir()
    kept = (run / "predictions.csv").read_text("utf-8").splitlines()
    assert Path("predicted.csv").read_text("utf-8").splitlines() == [kept[0], *kept[-50:]]
    figures = json.loads(Path("scores.json").read_text())
    assert figures["accuracy"] == card["metrics"]["test"]["accuracy"]
    assert figures["photos"] == 50
    assert figures["top_k"] == card["metrics"]["test"]["top_k"]
    shown = capsys.readouterr().out
    assert "the test photos of fashion-mnist" in shown
    assert f"top-2 accuracy {figures['top_k']['2']:.2%}, top-3 accuracy " in shown


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (
            [],
            1,
            "pets/1 was trained by the unknown recipe None: choose the photos to score it on with",
        ),
        (["--recipe", "shoes"], 2, "there is no recipe 'shoes'"),
        (["--recipe", "clothing-cnn"], 1, "pets/1 can't be scored on the test photos of fashion-"),
        (["--photos", "none"], 1, "the folder of photos none does not exist"),
    ],
)
def test_unsuitable_data_is_one_line(
    models: Path,
    garments: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    command = ["evaluate", "pets", "--models", str(models), "--data", str(garments), *arguments]

    assert main(command) == status
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


def test_a_model_of_another_shape_is_reported_with_both_shapes(
    tmp_path: Path, garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tuple(json.loads(_starter_card())["labels"])
    published(tmp_path / "models" / "clothing", labels=labels, recipe="clothing-cnn")

    assert main(["evaluate", "clothing", "--data", str(garments)]) == 1
    message = "it takes photos of 2×2×1, these are 28×28×1"
    assert message in capsys.readouterr().err


def _starter_card() -> str:
    root = Path(__file__).parents[3] / "serving" / "repository" / "starters"
    return (root / "clothing" / "1" / "assets.extra" / "model_card.json").read_text("utf-8")
