"""`compare NAME/1 NAME/2`: published versions on the same photos."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.stats import binomtest

from tests.training.signals import LABELS, photos, published
from training.__main__ import main
from training.data.photo_contents import pixel_contents
from training.publishing.training_photos import ascending

pytestmark = pytest.mark.integration  # The models are exported.


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Return a folder with two versions, which differ for photos whose fourth pixel is bright."""
    base = tmp_path / "models" / "letters"
    published(base, fourth=0)
    published(base, labels=LABELS[::-1], fourth=1)  # Class b in both orders.
    return tmp_path / "models"


def write_photos(folder: Path, counts: dict[tuple[str, int], int]) -> Path:
    """Write photos with a label and a bright pixel, each of other gray levels."""
    number = 0
    for (label, pixel), count in counts.items():
        (folder / label).mkdir(parents=True, exist_ok=True)
        for _ in range(count):
            image = photos(np.array([pixel]))[0, ..., 0].copy()
            image[image == 0] = number % 40
            Image.fromarray(image).save(folder / label / f"{number}.png")
            number += 1
    return folder


def compare(models: Path, folder: Path, *references: str) -> int:
    command = ["compare", *(references or ("letters/1", "letters/2")), "--models", str(models)]
    return main([*command, "--photos", str(folder), "--device", "cpu"])


def test_the_better_version_is_named_with_the_photos_that_tell(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = {("a", 0): 8, ("b", 1): 6, ("c", 0): 3, ("a", 3): 2, ("b", 3): 13}
    folder = write_photos(tmp_path / "new", counts)

    assert compare(models, folder) == 0

    shown = capsys.readouterr().out
    p = binomtest(2, 15).pvalue
    assert "letters/2 is better than letters/1 by 34.38 points of accuracy" in shown
    assert f"exact McNemar p = {p:.2g}" in shown
    assert "│ letters/1 right │              14 │               2 │" in shown
    assert "│ letters/1 wrong │              13 │               3 │" in shown


def test_equal_versions_are_no_different(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_photos(tmp_path / "new", {("a", 0): 5, ("b", 1): 5})

    assert compare(models, folder) == 0

    shown = capsys.readouterr().out
    assert "no difference between letters/1 and letters/2 can be shown on 10 photos" in shown
    assert "p = 1" in shown


def test_photos_that_one_was_trained_on_are_left_out(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_photos(tmp_path / "new", {("a", 0): 5, ("b", 1): 5})
    known = np.array([Image.open(path) for path in sorted((folder / "a").iterdir())])
    trained_on = ascending(pixel_contents(known[..., None]))
    published(models / "letters", fourth=2, trained_on=trained_on)

    assert compare(models, folder, "letters/1", "letters/3") == 0
    shown = capsys.readouterr().out
    assert "letters/3 was trained on 5 of these 10 photos" in shown
    assert "left out" in shown
    assert "can be shown on 5 photos" in shown

    for path in (folder / "b").iterdir():
        path.unlink()
    assert compare(models, folder, "letters/1", "letters/3") == 1
    assert "there are no photos that none of letters/1, letters/3 was" in capsys.readouterr().err


def test_wrong_use_is_one_line(
    models: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_photos(tmp_path / "new", {("a", 0): 5, ("b", 1): 5})
    published(models / "words", labels=("x", "y"))
    for references, status, message in (
        (("letters/1", "letters/1"), 2, "two or more different versions"),
        (("letters/1",), 2, "two or more different versions"),
        (("letters/1", "letters/9"), 1, "letters has no version 9"),
        (("letters/1", "words/1"), 1, "have different labels"),
    ):
        assert compare(models, folder, *references) == status
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
    command = ["compare", "letters/1", "letters/2", "--models", str(models), "--splits", "5"]
    assert main(command) == 2
    assert "are for recipes" in capsys.readouterr().err
