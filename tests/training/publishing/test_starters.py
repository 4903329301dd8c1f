import json
from pathlib import Path

import pytest
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

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
    card = {"name": name, "metrics": {"test": {"accuracy": accuracy}}, "note": "nö"}
    (folder / "assets.extra" / "model_card.json").write_text(json.dumps(card), "utf-8")
    model = SavedModel()
    library = model.meta_graphs.add().graph_def.library
    constants = library.function.add().node_def
    for text in (json.dumps(card, ensure_ascii=False), "cat", '{"another": "text"}'):
        constants.add(op="Const").attr["value"].tensor.string_val.append(text.encode())
    (folder / "saved_model.pb").write_bytes(model.SerializeToString())
    (folder / "weights").write_bytes(bytes(size))
    return folder


def texts(folder: Path) -> list[str]:
    """Return the constants in the graph of a version."""
    model = SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    functions = model.meta_graphs[0].graph_def.library.function
    nodes = (node for function in functions for node in function.node_def if node.op == "Const")
    strings = (text for node in nodes for text in node.attr["value"].tensor.string_val)
    return [text.decode("utf-8", "replace") for text in strings]


def test_a_good_version_replaces_the_starter(tmp_path: Path) -> None:
    starters = tmp_path / "starters"
    install(version(tmp_path / "7", "clothing", 0.93), starters)
    (starters / "clothing" / "1" / "old").touch()

    assert install(version(tmp_path / "8", "clothing", 0.94), starters) == starters / "clothing/1"
    assert (starters / "clothing/1/saved_model.pb").is_file()
    assert not (starters / "clothing/1/old").exists()
    assert {path.name for path in (starters / "clothing").iterdir()} == {"1"}


def test_a_starter_says_so_in_its_card_and_its_graph(tmp_path: Path) -> None:
    source = version(tmp_path / "7", "clothing", 0.93)
    (source / "assets.extra" / "SHA256SUMS").write_text("of other files")

    starter = install(source, tmp_path / "starters")
    card = json.loads((starter / "assets.extra" / "model_card.json").read_text("utf-8"))
    before = json.loads((source / "assets.extra" / "model_card.json").read_text("utf-8"))
    assert card == {**before, "starter": True}
    assert texts(starter) == [json.dumps(card, ensure_ascii=False), *texts(source)[1:]]
    assert not (starter / "assets.extra" / "SHA256SUMS").exists(), "publishing writes new ones"


def test_a_version_whose_graph_does_not_hold_its_card_is_refused(tmp_path: Path) -> None:
    source = version(tmp_path / "7", "clothing", 0.93)
    (source / "saved_model.pb").write_bytes(SavedModel().SerializeToString())
    with pytest.raises(TrainingError, match="does not hold the card"):
        install(source, tmp_path / "starters")
    assert not (tmp_path / "starters").exists()


LAST_RUN = {
    "clothing": {
        "epochs": 3,
        "learning_rate": 0.0005,
        "own.photos": "garments-and-others",
        "precision": "float32",
        "seed": 11,
        "snapshots.share": 0.2,
        "warmup_epochs": 0.0,
    },
}
"""The settings of the last run of a starter (docs/training.md, "The starter models")."""

ONLY_BEFORE = {"clothing": 271}
"""Photos that the runs before trained on, and the last one did not."""


@pytest.mark.parametrize("name", STARTER_RECIPES)
def test_the_starters_in_the_repository_say_that_they_are(name: str) -> None:
    cards = [text for text in texts(STARTERS / name / "1") if text.startswith('{"name"')]
    card = json.loads((STARTERS / name / "1" / "assets.extra" / "model_card.json").read_text())
    assert card["starter"] is True
    assert [json.loads(text) for text in cards] == [card]


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
    expected = json.loads(json.dumps(hyperparameters(recipe))) | LAST_RUN.get(name, {})
    assert found == expected, "train it again (make starters) or undo the change"
    assert card["metrics"]["test"]["accuracy"] >= LEAST_ACCURACY[name]
    digests = read_training_photos(STARTERS / name / "1")
    assert digests is not None
    parts = [card["data"], *(card["data"].get(name, {}) for name in ("own", "others"))]
    photos = sum(part.get("training", 0) for part in parts)
    assert len(digests) == photos + ONLY_BEFORE.get(name, 0)


def test_the_starters_in_the_repository_are_small_enough() -> None:
    sizes = (path.stat().st_size for path in STARTERS.rglob("*") if path.is_file())
    assert sum(sizes) <= MAX_BYTES
