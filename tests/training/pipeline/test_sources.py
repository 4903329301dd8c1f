"""What `--from` names: no run is made here, only folders as runs and versions have them."""

import json
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from training.errors import TrainingError, UsageError
from training.overrides import hyperparameters
from training.pipeline.sources import find_source, run_of_version
from training.recipes import RECIPES

RECIPE = RECIPES["clothing-cnn"]
RUNS, MODELS = Path("runs"), Path("models")
FACTS = {
    "id": "1234",
    "recipe": RECIPE.name,
    "model": "clothing",
    "parameters": {**hyperparameters(RECIPE), "epochs": 3},
    "trained": {"epochs": {"fitted": 3, "best": 2}},
    "status": "trained",
}


def make_run(name: str = "2026-11-27_0123456789ab", *, trained: bool = True, **facts: Any) -> Path:
    folder = RUNS / RECIPE.name / name
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps(FACTS | facts))
    if trained:
        (folder / "trained.keras").touch()
    return folder


def make_version(number: int = 1, **changes: Any) -> Path:
    version = MODELS / "clothing" / str(number)
    (version / "assets.extra").mkdir(parents=True)
    (version / "saved_model.pb").touch()
    trained = {"run": "1234", "epochs": {"fitted": 3}}
    card = {"name": "clothing", "recipe": RECIPE.name, "parameters": FACTS["parameters"]}
    found = {**card, "trained": trained, **changes}
    (version / "assets.extra" / "model_card.json").write_text(json.dumps(found))
    return version


@pytest.mark.parametrize(
    "reference",
    ["runs/clothing-cnn/2026-11-27_0123456789ab", "clothing-cnn/2026-11-27_0123456789ab", "01234"],
)
def test_a_run_is_found_by_its_folder_name_or_key(reference: str) -> None:
    folder = make_run()

    source = find_source(reference, RUNS, MODELS)

    assert (source.folder, source.is_version) == (folder, False)
    assert source.name == source.reference == "clothing-cnn/2026-11-27_0123456789ab"
    assert (source.epochs, source.best_epoch) == (3, 2)
    assert source.recipe().epochs == 3


@pytest.mark.parametrize("reference", ["clothing/2", "clothing", "models/clothing/2"])
def test_a_version_is_found_by_its_name_or_folder(reference: str) -> None:
    make_version(1)
    make_version(2)

    source = find_source(reference, RUNS, MODELS)

    assert (source.folder.resolve(), source.is_version) == ((MODELS / "clothing/2").resolve(), True)
    assert (source.name, source.reference, source.epochs) == ("clothing/2", "clothing/2", 3)
    assert source.recipe().network == RECIPE.network


def test_a_version_in_another_folder_of_models_is_referred_to_by_its_path() -> None:
    (Path("others") / "clothing").mkdir(parents=True)
    folder = make_version().rename("others/clothing/1").absolute()

    source = find_source("clothing/1", RUNS, Path("others"))

    assert source.reference == str(folder)
    assert find_source(source.reference, RUNS, MODELS).folder == folder


def test_the_run_of_a_version_is_found_by_its_id() -> None:
    make_version()
    source = find_source("clothing/1", RUNS, MODELS)
    assert run_of_version(source, RUNS) is None

    make_run("aaaa", id="other")
    make_run("bbbb", trained=False)
    (make_run("bbbc") / "run.json").write_text("damaged")
    assert run_of_version(source, RUNS) is None

    folder = make_run("cccc")
    found = run_of_version(source, RUNS)
    assert found is not None
    assert found.folder == folder


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"status": "stopped"}, "was interrupted: resume it with its own command first"),
        ({"status": "fitting"}, "was interrupted: resume it with its own command first"),
        ({"status": "failed", "reason": "out of memory"}, r"has failed \(out of memory\)"),
    ],
)
def test_a_run_that_did_not_end_is_refused(facts: dict[str, str], message: str) -> None:
    make_run(trained=False, **facts)

    with pytest.raises(TrainingError, match=f"clothing-cnn/2026-11-27_0123456789ab {message}"):
        find_source("0123", RUNS, MODELS)


def test_a_run_that_is_still_going_is_refused() -> None:
    folder = make_run(trained=False, status="fitting")

    with FileLock(folder / "lock"), pytest.raises(TrainingError, match=r"is still going \("):
        find_source("0123", RUNS, MODELS)


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("9999", "there is no run '9999' in runs"),
        ("clothing/7", "clothing has no version 7 in models; it has 1"),
        ("shoes/1", "there is no published model shoes in models"),
    ],
)
def test_what_is_not_there_is_refused(reference: str, message: str) -> None:
    make_run()
    make_version()

    with pytest.raises(TrainingError, match=message):
        find_source(reference, RUNS, MODELS)


def test_a_version_that_no_recipe_has_made_is_refused() -> None:
    make_version(parameters=None)
    path = MODELS / "clothing/1/assets.extra/model_card.json"
    path.write_text('{"name": "clothing"}')

    with pytest.raises(TrainingError, match="was not made by a recipe: its card has no 'recipe'"):
        find_source("clothing/1", RUNS, MODELS)


def test_a_recipe_that_is_gone_is_named() -> None:
    make_run(recipe="clothing-old")

    with pytest.raises(UsageError, match="there is no recipe 'clothing-old'"):
        find_source("0123", RUNS, MODELS).recipe()
