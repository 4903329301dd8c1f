"""`adapt` on the command line: a published version is fitted to own photos."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.training.conftest import CommandLine
from training.__main__ import main
from training.data.loaders.fashion_mnist import LABELS
from training.pipeline.adapted_recipe import adapted
from training.publishing.training_photos import read_training_photos
from training.recipes import RECIPES

QUICK = ("--set", "epochs=2", "--set", "own.rehearsed=50")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return a folder with 8 photos each of two classes, whose bars are vertical."""
    random = np.random.default_rng(5)
    for number, label in ((0, "T-shirt_top"), (3, "Dress")):
        folder = tmp_path / "own" / label
        folder.mkdir(parents=True)
        for photo in range(8):
            pixels = random.integers(0, 60, (28, 28), np.uint8)
            pixels[4:24, 2 * number + 4 : 2 * number + 9] = 230
            Image.fromarray(pixels).save(folder / f"{photo}.png")
    return tmp_path / "own"


def adapt(own: Path, *words: str, model: str = "clothing") -> int:
    return main(["adapt", model, "--photos", str(own), *QUICK, *words])


def card(version: int) -> dict[str, Any]:
    path = Path(f"models/clothing/{version}/assets.extra/model_card.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


@pytest.mark.integration
def test_a_version_is_adapted_and_a_model_that_has_forgotten_is_refused(
    train: CommandLine, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train("--set", "learning_rate=0.1", "--set", "epochs=6") == 0
    capsys.readouterr()

    # The data is where the run of the version has found it.
    assert adapt(own, "--publish", "--tolerance", "100") == 0
    said = capsys.readouterr().out
    assert "starts from the weights of clothing/1" in said
    assert "\n50 test photos of fashion-mnist: " in said
    assert " own photos that were held out: " in said
    assert "to go back to clothing/1: python -m training rollback clothing 1\n" in said
    assert card(2)["started_from"]["version"] == "clothing/1"
    digests = [read_training_photos(Path(f"models/clothing/{each}")) for each in (1, 2)]
    assert digests[0] is not None
    assert digests[1] is not None
    assert {*digests[0]} < {*digests[1]}

    assert adapt(own, "--publish", "--tolerance", "100", model="clothing/1") == 0
    assert "is finished, published as models/clothing/2" in capsys.readouterr().out

    forgetful = ["--set", "kept_start=0", "--set", "learning_rate=1"]
    assert adapt(own, *forgetful, "--publish") == 3
    captured = capsys.readouterr()
    # The published weights, not those of the last checkpoint, where none of the start are kept.
    assert "starts from the weights of clothing/2" in captured.out
    assert "its batch normalisation, which is part of the convolutions there" in captured.out
    assert "not published: it is worse than version " in captured.err
    assert " own photos that were held out: " in captured.out
    assert not Path("models/clothing/3").exists()


def test_the_starter_of_a_model_without_versions_is_published_and_adapted(
    own: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[Any, ...]] = []

    def train(*arguments: Any) -> list[None]:
        calls.append(arguments)
        return [None]

    monkeypatch.setattr("training.commands.adapt.train", train)
    assert adapt(own) == 0

    said = capsys.readouterr().out
    assert "clothing has no version in models: its starter is published there" in said
    assert card(1)["starter"]
    ((recipe,), _, _, policy, source, _) = calls[0]
    assert (source.name, policy) == ("clothing/1", None)
    assert (recipe.name, recipe.own.photos) == ("clothing-starter", str(own))
    assert (recipe.epochs, recipe.own.rehearsed) == (2, 50)
    assert recipe.held_out == card(1)["parameters"]["held_out"]


def test_a_version_that_was_adapted_is_adapted_with_the_same_settings() -> None:
    once = adapted(RECIPES["cats-dogs-cnn"], Path("some"))

    assert once.learning_rate < RECIPES["cats-dogs-cnn"].learning_rate
    assert once.averaging == 0
    assert adapted(once, Path("some")) == once


def test_what_can_not_be_adapted_is_refused_in_one_line(
    own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(path: Path, *words: str, model: str = "clothing") -> str:
        capsys.readouterr()
        assert adapt(path, *words, model=model) in (1, 2)
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert error.count("\n") == 1
        return error

    assert "there are no own photos nowhere" in refused(Path("nowhere"))
    Path("empty").mkdir()
    assert "empty has no photos in folders named as the labels" in refused(Path("empty"))
    assert "there is no published model flowers in models" in refused(own, model="flowers")
    assert "clothing has no version 7" in refused(own, model="clothing/7")
    assert "have no effect without --publish" in refused(own, "--force")
    (own / "Dress").rename(own / "Gown")
    assert f"the folder 'Gown' in {own} is none of the labels: they are " in refused(own)
    shutil.rmtree(own / "Gown")
    (own / "T-shirt_top").rename(own / "other")
    assert f"{own} has photos of none of the classes alone: add folders" in refused(own)
    path = Path("models/clothing/1/assets.extra/model_card.json")
    path.write_text(path.read_text().replace('"clothing-starter"', '"lost"'))
    (own / "other").rename(own / LABELS[1])
    assert "clothing/1 can't be adapted: there is no recipe 'lost'" in refused(own)
