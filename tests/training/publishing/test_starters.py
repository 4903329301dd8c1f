import json
from pathlib import Path

import pytest

from training.__main__ import main
from training.errors import TrainingError
from training.overrides import hyperparameters, renamed
from training.publishing.starters import LEAST_ACCURACY, MAX_BYTES, STARTERS, install
from training.publishing.training_photos import read_training_photos
from training.recipe import Recipe
from training.recipes import RECIPES, STARTER_RECIPES


def version(folder: Path, name: str, accuracy: float, size: int = 10) -> Path:
    """Write the files of a version that `install` reads."""
    (folder / "assets.extra").mkdir(parents=True)
    card = {"name": name, "metrics": {"test": {"accuracy": accuracy}}}
    (folder / "assets.extra" / "model_card.json").write_text(json.dumps(card))
    (folder / "saved_model.pb").write_bytes(bytes(size))
    return folder


def test_a_good_version_replaces_the_starter(tmp_path: Path) -> None:
    starters = tmp_path / "starters"
    install(version(tmp_path / "7", "clothing", 0.93), starters)
    (starters / "clothing" / "1" / "old").touch()

    assert install(version(tmp_path / "8", "clothing", 0.94), starters) == starters / "clothing/1"
    assert (starters / "clothing/1/saved_model.pb").is_file()
    assert not (starters / "clothing/1/old").exists()
    assert {path.name for path in (starters / "clothing").iterdir()} == {"1"}


def test_a_version_below_the_required_accuracy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"accuracy is 91\.99%, and at least 93% is needed"):
        install(version(tmp_path / "1", "clothing", 0.9199), tmp_path / "starters")
    assert not (tmp_path / "starters").exists()


def test_starters_that_are_too_large_together_are_refused(tmp_path: Path) -> None:
    starters = tmp_path / "starters"
    install(version(tmp_path / "1", "clothing", 0.95, MAX_BYTES // 2), starters)

    with pytest.raises(TrainingError, match=r"with the others it would take 6,\d+,\d+ bytes"):
        install(version(tmp_path / "2", "cats-dogs", 0.95, MAX_BYTES // 2), starters)
    assert not (starters / "cats-dogs").exists()


def test_the_command_trains_the_starter_recipes_and_installs_accurate_models(
    garments: Path,
    tiny_recipe: Recipe,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(RECIPES, STARTER_RECIPES["clothing"], tiny_recipe)
    monkeypatch.delitem(STARTER_RECIPES, "cats-dogs")
    command = ["starters", "--data", str(garments), "--into", str(tmp_path / "starters")]

    assert main(command) == 1
    assert "cannot be a starter: its test accuracy is " in capsys.readouterr().err
    assert not (tmp_path / "starters").exists()

    monkeypatch.setitem(LEAST_ACCURACY, "clothing", 0.0)
    assert main(command) == 0
    assert capsys.readouterr().out.endswith(f"starter: {tmp_path}/starters/clothing/1\n")
    assert (tmp_path / "starters" / "clothing" / "1" / "saved_model.pb").is_file()


@pytest.mark.parametrize("name", STARTER_RECIPES)
def test_the_starters_in_the_repository_come_from_the_starter_recipes(name: str) -> None:
    card = json.loads((STARTERS / name / "1" / "assets.extra" / "model_card.json").read_text())

    assert card["recipe"] == STARTER_RECIPES[name]
    recipe = RECIPES[STARTER_RECIPES[name]]
    # A hyperparameter that did not exist when a starter was trained had its default.
    neutral = Recipe("r", "m", "", "", "", "", recipe.shape, type(recipe.network)())
    found = json.loads(json.dumps(hyperparameters(neutral))) | renamed(card["parameters"])
    assert found == json.loads(json.dumps(hyperparameters(recipe))), (
        "train it again (make starters) or undo the change"
    )
    assert card["metrics"]["test"]["accuracy"] >= LEAST_ACCURACY[name]
    digests = read_training_photos(STARTERS / name / "1")
    assert digests is not None
    assert len(digests) == card["data"]["training"]


def test_the_starters_in_the_repository_are_small_enough() -> None:
    sizes = (path.stat().st_size for path in STARTERS.rglob("*") if path.is_file())
    assert sum(sizes) <= MAX_BYTES
