"""The command `predict`: files are classified without a server."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.training.signals import LABELS, photos, published
from training.__main__ import main


@pytest.fixture(scope="session")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of models in which `letters/2` serves, though there is `letters/3`."""
    models = tmp_path_factory.mktemp("letters") / "models"
    published(models / "letters")
    for version in ("2", "3"):
        shutil.copytree(models / "letters" / "1", models / "letters" / version)
    pinned = "model_version_policy { specific { versions: 2 } }"
    (models / "letters" / ".serving.config").write_text(pinned)
    return models


def write(path: str, pixel: int) -> Path:
    """Write a photo of 2×2 pixels, one of them bright."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photos(np.array([pixel]))[0, ..., 0]).save(file)
    return file


def predict(models: Path, *arguments: str, model: str = "letters") -> int:
    return main(["predict", model, *arguments, "--models", str(models)])


def test_each_photo_is_one_line(letters: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write("one.png", 1)
    write("many/2.png", 2)
    write("many/deep/0.png", 0)
    Path("many", "notes.txt").write_text("no photo")

    assert predict(letters, "one.png", "many") == 0
    shown = capsys.readouterr()
    lines = [line.split() for line in shown.out.splitlines()]
    assert lines[0] == ["letters/2"]
    assert [line[:2] for line in lines[2:]] == [
        ["one.png", "b"],
        ["many/2.png", "c"],
        ["many/deep/0.png", "a"],
    ]
    assert all(len(line) == 2 + 1 + 2 * 2 for line in lines[2:])
    assert shown.err == "many: left out 1 file: 1 not named like photos\n"


def test_the_answer_is_the_json_of_the_gateway(
    letters: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("one.png", 1)

    assert predict(letters, "one.png", "--json", "--top", "2", model="letters/3") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["model"], answer["version"]) == ("letters", 3)
    (prediction,) = answer["predictions"]
    assert (prediction["image"], prediction["label"]) == ("one.png", "b")
    assert prediction["probability"] == prediction["probabilities"][0]["probability"] > 0.9
    assert [each["label"] for each in prediction["probabilities"]] == ["b", "a"]
    assert set(prediction) == {"image", "label", "probability", "probabilities"}
    assert set(answer) == {"model", "version", "predictions"}


def test_more_photos_than_fit_into_a_batch_keep_their_order(
    letters: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(130):
        write(f"many/{number:03}.png", number % 3)

    assert predict(letters, "many", "--json") == 0
    found = json.loads(capsys.readouterr().out)["predictions"]
    assert [each["image"] for each in found] == [f"many/{number:03}.png" for number in range(130)]
    assert [each["label"] for each in found] == [LABELS[number % 3] for number in range(130)]


def test_photos_that_cannot_be_read_are_lines_and_do_not_stop_the_others(
    letters: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("one.png", 1)
    Path("bad.png").write_bytes(b"no photo")
    names = ("bad.png", "one.png", "none.png")

    assert predict(letters, *names) == 1
    shown = capsys.readouterr()
    assert 'bad.png: The 8 bytes begin with "no photo", as no image format' in shown.out
    assert "none.png: No such file or directory" in shown.out
    assert any(line.split()[:2] == ["one.png", "b"] for line in shown.out.splitlines())
    assert shown.err == "error: 2 photos of 3 can't be read\n"

    assert predict(letters, *names, "--json") == 1
    answer = json.loads(capsys.readouterr().out)
    assert [each["image"] for each in answer["predictions"]] == ["one.png"]
    assert [each["image"] for each in answer["errors"]] == ["bad.png", "none.png"]
    assert predict(letters, "bad.png") == 1


@pytest.mark.parametrize(
    ("model", "arguments", "status", "message"),
    [
        ("shoes", ["one.png"], 1, "there is no published model shoes in "),
        ("letters/9", ["one.png"], 1, "letters has no version 9 in "),
        ("letters", ["one.png", "--top", "0"], 2, "--top is at least 1, not 0"),
        ("letters", ["empty"], 1, "the folder empty has no photos"),
    ],
)
def test_wrong_use_is_one_line(
    letters: Path,
    capsys: pytest.CaptureFixture[str],
    model: str,
    arguments: list[str],
    status: int,
    message: str,
) -> None:
    Path("empty").mkdir()

    assert predict(letters, *arguments, model=model) == status
    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


def test_an_unknown_serving_version_is_one_line(
    letters: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(letters, tmp_path / "models")
    (tmp_path / "models" / "letters" / ".serving.config").write_text("nonsense {")

    assert predict(tmp_path / "models", "one.png") == 1
    error = capsys.readouterr().err
    assert error.startswith("error: which version of letters serves is unknown (")
    assert error.endswith("): name one, such as letters/3\n")
