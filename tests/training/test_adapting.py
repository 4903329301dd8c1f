"""`adapt` on the command line: a published version is fitted to own photos."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from serving.repository.seed import STARTERS
from serving.repository.versions import publish_copy
from tests.training.conftest import TINY
from training.__main__ import main
from training.data.datasets import DataSet, Split
from training.data.loaders.fashion_mnist import LABELS
from training.networks.building import network_to_fit, network_to_serve
from training.networks.starting_weights import is_folded
from training.overrides import hyperparameters, override
from training.pipeline.adapted_recipe import adapted
from training.pipeline.source_weights import weights_for
from training.pipeline.sources import find_source
from training.publishing.training_photos import read_training_photos
from training.recipes import RECIPES
from training.runs.trained_network import save_trained_network

RUNS = Path("runs")
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
def test_an_adapted_model_is_published_if_it_has_not_forgotten_too_much(
    garments: Path, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learn = ["--set", "learning_rate=0.01", "--set", "epochs=10", "--publish"]
    assert main(["run", "clothing-dense128-adam", "--data", str(garments), *learn]) == 0
    capsys.readouterr()

    # The data is where the run of the version has found it.
    forgetful = ["--set", "kept_start=0.1", "--set", "learning_rate=1", "--publish"]
    assert adapt(own, *forgetful) == 3
    refused = capsys.readouterr()
    assert "not published: it is worse than version 1, which serves" in refused.err
    assert "starts from the weights of clothing/1" in refused.out
    assert "\n50 test photos of fashion-mnist: " in refused.out
    assert " own photos that were held out: " in refused.out

    assert adapt(own, *forgetful, "--tolerance", "100") == 0
    said = capsys.readouterr().out
    assert "is trained and evaluated" in said
    assert "to go back to clothing/1: python -m training rollback clothing 1\n" in said
    assert card(2)["started_from"]["version"] == "clothing/1"
    before, after = (read_training_photos(Path(f"models/clothing/{each}")) for each in (1, 2))
    assert before is not None
    assert after is not None
    assert {*before} < {*after}


def test_what_starts_from_a_run_that_kept_its_start_takes_the_kept_weights() -> None:
    recipe = replace(override(RECIPES["clothing-cnn"], TINY), kept_start=0.5)
    network = network_to_fit(recipe, len(LABELS))
    run = Path("runs/clothing-cnn/2026-11-28_0123456789ab")
    (run / "checkpoints").mkdir(parents=True)
    (run / "checkpoints" / "000001-00000000.npz").touch()  # It has the weights that were fitted.
    save_trained_network(network_to_serve(recipe, network), run)
    facts = {"recipe": recipe.name, "model": recipe.model, "data": "digest"}
    (run / "run.json").write_text(
        json.dumps({**facts, "status": "trained", "parameters": hyperparameters(recipe)})
    )
    empty = Split(np.empty((0, 28, 28, 1), np.uint8), np.empty(0, np.int64))
    data = DataSet("fashion-mnist", LABELS, "digest", empty, empty, empty)

    weights = weights_for(network, find_source(str(run), RUNS, Path("models")), data, RUNS)

    assert is_folded(network, weights)


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
    assert "have no effect without --publish" in refused(own, "--force")
    (own / "Dress").rename(own / "Gown")
    assert f"the folder 'Gown' in {own} is none of the labels: they are " in refused(own)
    shutil.rmtree(own / "Gown")
    (own / "T-shirt_top").rename(own / "other")
    assert f"{own} has photos of none of the classes alone: add folders" in refused(own)
    (own / "other").rename(own / LABELS[1])
    assert "has no setting 'nonsense'" in refused(own, "--set", "nonsense=1")
    assert not Path("models").exists(), "its starter is published once all is checked"
    Path("models").mkdir()
    Path("models/clothing").touch()
    assert "cannot list the versions in models/clothing: " in refused(own)
    Path("models/clothing").unlink()
    publish_copy(STARTERS / "clothing" / "1", Path("models/clothing"))
    assert "clothing has no version 7" in refused(own, model="clothing/7")
    path = Path("models/clothing/1/assets.extra/model_card.json")
    path.write_text(path.read_text().replace('"clothing-starter"', '"lost"'))
    assert "clothing/1 can't be adapted: there is no recipe 'lost'" in refused(own)
