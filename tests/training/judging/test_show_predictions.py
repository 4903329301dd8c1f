"""The command `show-predictions`: a picture of photos with their predictions."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from serving.repository.seed import STARTERS
from tests.training.signals import photos, published
from training.__main__ import main
from training.report.pictures import LIGHT

BLUE, RED = LIGHT.right, LIGHT.wrong


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder of models with `letters`, which predicts the class of the bright pixel."""
    published(tmp_path / "models" / "letters")
    return tmp_path / "models"


def write(label: str, pixels: list[int]) -> None:
    """Write photos of a class into the folder `shop`."""
    folder = Path("shop", label)
    folder.mkdir(parents=True, exist_ok=True)
    for number, pixel in enumerate(pixels):
        picture = photos(np.array([pixel]))[0, ..., 0].copy()
        picture[picture == 0] = number  # No two photos are the same.
        Image.fromarray(picture).save(folder / f"{number}.png")


def show(models: Path, *arguments: str) -> int:
    options = ["--models", str(models), "--photos", "shop"]
    return main(["show-predictions", "letters", *options, *arguments])


def inked(path: str, colour: str, *, below: int = 0, left_of: int | None = None) -> int:
    """Return how many pixels of a picture, or of that part of it, have a colour."""
    wanted = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    with Image.open(path) as picture:
        part = np.asarray(picture.convert("RGB"))[below:, :left_of]
    return int((part == wanted).all(axis=2).sum())


def test_right_predictions_are_blue_and_wrong_ones_red(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("a", [0, 0])
    assert show(models, "--output", "right.png") == 0
    write("b", [0, 2])  # Both wrong.
    write("a", [0, 1])  # The second wrong.
    assert show(models, "--output", "mixed.png") == 0
    assert show(models, "--output", "wrong.png", "--wrong") == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "right.png: letters/1 on shop: 2 of 2 random photos right"
    assert "mixed.png: letters/1 on shop: 1 of 4 random photos right" in lines
    assert "wrong.png: letters/1 on shop: 3 of 3 mistakes in 4 photos" in lines
    assert inked("right.png", BLUE) > 2 * inked("wrong.png", BLUE)
    assert inked("wrong.png", RED) > 2 * inked("right.png", RED)
    assert inked("mixed.png", RED) > 2 * inked("right.png", RED)
    first_photo = {"below": 125, "left_of": 150}  # With its label, without its bars.
    assert inked("right.png", BLUE, **first_photo) > 0
    assert inked("right.png", RED, **first_photo) == 0
    assert inked("wrong.png", RED, **first_photo) > 0
    assert inked("wrong.png", BLUE, **first_photo) == 0


def test_the_seed_chooses_the_photos(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for label, pixel in (("a", 0), ("b", 1), ("c", 2)):
        write(label, [pixel] * 10)
    for seed, name in (("1", "first"), ("1", "again"), ("2", "other")):
        assert show(models, "--count", "3", "--seed", seed, "--output", f"{name}.png") == 0

    first, again, other = (Path(f"{name}.png").read_bytes() for name in ("first", "again", "other"))
    assert first == again
    assert first != other
    assert capsys.readouterr().out.count("3 of 3 random photos right") == 3


def test_no_wrong_prediction_is_one_line(models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("a", [0, 0])

    assert show(models, "--wrong") == 1
    assert capsys.readouterr().err == "error: all 2 photos of shop are right\n"
    assert not Path("predictions.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "p.jpg"], "--output is a PNG file, such as predictions.png, not p.jpg"),
        (["--count", "0"], "--count is 1 to 200, not 0"),
        (["--count", "201"], "--count is 1 to 200, not 201"),
        (["--seed", "-1"], "--seed is at least 0, not -1"),
    ],
)
def test_wrong_use_is_one_line(
    models: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert show(models, *arguments) == 2
    assert capsys.readouterr().err == f"error: {message}\n"


def test_a_picture_that_cannot_be_written_is_one_line(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("a", [0])

    assert show(models, "--output", "none/p.png") == 1
    assert capsys.readouterr().err.startswith("error: cannot write none/p.png (No such file")


def test_the_photos_are_those_of_the_models_own_test_split(
    garments: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(STARTERS, "models")

    command = ["show-predictions", "clothing", "--data", str(garments), "--count", "60"]
    assert main(command) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("predictions.png: clothing/1 on the test photos of fashion-mnist: ")
    assert last.endswith(" of 50 random photos right")
