from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.backbones import write_photos
from training.__main__ import main
from training.data.show_data import COLUMNS


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "shapes", {"роза": 20, "a b $x$": 20, "мак 漢": 20})


def show(folder: Path, *arguments: str) -> int:
    return main(["show-data", "images-mobilenet", "--data", str(folder), *arguments])


def test_photos_of_all_classes_are_drawn_in_turn(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(shapes, "--count", "9", "--output", str(tmp_path / "grid.png")) == 0

    assert f"{tmp_path}/grid.png: 9 photos of a b $x$, мак 漢, роза" in capsys.readouterr().out
    with Image.open(tmp_path / "grid.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    width = pixels.shape[1] // COLUMNS
    middle = pixels[pixels.shape[0] // 4]  # The middle of the first of two rows.
    tiles = [
        middle[width * index + width // 2 - 20 : width * index + width // 2 + 20]
        for index in range(3)
    ]
    brightest = [tile.mean(axis=0).argmax() for tile in tiles]
    assert sorted(brightest) == [0, 1, 2]


def test_augmented_photos_differ(shapes: Path, tmp_path: Path) -> None:
    plain, varied = tmp_path / "plain.png", tmp_path / "varied.png"
    assert show(shapes, "--count", "8", "--output", str(plain)) == 0
    assert (
        show(
            shapes,
            "--count",
            "8",
            "--output",
            str(varied),
            "--augmented",
            "--set",
            "augmentation.shift=20",
            "--set",
            "network.varied=1",
        )
        == 0
    )

    assert plain.read_bytes() != varied.read_bytes()


def test_a_picture_that_cannot_be_written_is_reported(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(shapes, "--count", "8", "--output", str(tmp_path / "none" / "grid.png")) == 1

    assert "error: cannot write " in capsys.readouterr().err


def test_the_former_name_of_a_hyperparameter_is_noted(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(shapes, "--count", "3", "--set", "split=2") == 0

    assert capsys.readouterr().err == "note: split is called split_seed now\n"


@pytest.mark.parametrize("name", ["data", "data.jpg", "data.txt"])
def test_only_png_files_are_written(
    shapes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert show(shapes, "--output", str(tmp_path / name)) == 2

    assert "--output is a PNG file, such as data.png, not " in capsys.readouterr().err
