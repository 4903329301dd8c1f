import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.idx import write_fashion_mnist
from tests.training.judging.run_folders import (
    CLOTHING,
    PETS,
    measured_in,
    run_folder,
    section,
    three_runs,
    today,
)
from training.__main__ import main
from training.commands import results
from training.errors import TrainingError
from training.judging.measurements import merged
from training.judging.results import known_results, missing, seeded
from training.judging.results_page import write_results
from training.overrides import override
from training.recipe import Recipe
from training.recipes import RECIPES, recipe_named


def test_another_backend_is_named_with_the_hardware(tmp_path: Path) -> None:
    run_folder(tmp_path, CLOTHING, 0.88, facts={"backend": "jax"})
    assert measured_in(tmp_path)[0].hardware == "2 cores of A fast one; jax"


def test_all_hardware_of_a_run_is_named(tmp_path: Path) -> None:
    cpu = {"device": "CPU", "processor": "A fast one", "cores": 2}
    gpu = {**cpu, "device": "H200"}
    trained = {"seconds": 1, "began": "", "hardware": gpu, "continued_on": [cpu]}
    run_folder(tmp_path, CLOTHING, 0.88, trained=trained)

    assert measured_in(tmp_path)[0].hardware == (
        "H200; 2 cores of A fast one, continued on 2 cores of A fast one"
    )


def test_random_weights_are_no_measurement_but_show_that_a_recipe_runs(tmp_path: Path) -> None:
    pets = RECIPES["cats-dogs-vgg16"]
    run_folder(tmp_path / "runs", override(pets, ["network.weights=random"]), 0.5)
    page = tmp_path / "results.md"
    known = replace(
        known_results([pets], tmp_path / "runs", page), not_run={pets.name: "no weights"}
    )
    write_results([pets], known, page)

    assert known.measurements == []
    why = "no weights; ran end to end with random weights on 70,000 photos"
    assert f"| {why} |" in section(page.read_text("utf-8"), "## Not run here")
    assert known_results([pets], tmp_path / "none", page).random_weights == {pets.name: 70_000}


def test_only_missing_seeds_are_run(tmp_path: Path) -> None:
    run_folder(tmp_path, seeded(CLOTHING, 2), 0.88)
    run_folder(tmp_path, override(CLOTHING, ["seed=1", "epochs=2"]), 0.88)

    assert [each.seed for each in missing(CLOTHING, 3, measured_in(tmp_path), today)] == [1, 3]


@pytest.mark.parametrize("changed", ["code", "data", "weights", "backend"])
def test_what_is_not_current_is_run_again(tmp_path: Path, changed: str) -> None:
    *known, last = three_runs(tmp_path)
    assert missing(CLOTHING, 3, [*known, last], today) == []

    older: dict[str, Any] = {changed: "another"}
    todo = missing(CLOTHING, 3, [*known, replace(last, **older)], today)
    assert [each.seed for each in todo] == [3]


def test_runs_with_another_input_or_preparation_are_not_current(tmp_path: Path) -> None:
    """Neither is a setting of `--set`, nor part of the code."""
    now: Any = {"input_shape": [*CLOTHING.shape], "preparation": CLOTHING.preparation}
    run_folder(tmp_path, seeded(CLOTHING, 1), 0.87, **now)
    run_folder(tmp_path, seeded(CLOTHING, 2), 0.88, **{**now, "input_shape": [32, 32, 1]})
    run_folder(tmp_path, seeded(CLOTHING, 3), 0.89, **{**now, "preparation": "squash/1"})
    measured = measured_in(tmp_path)

    assert [each.seed for each in missing(CLOTHING, 3, measured, today)] == [2, 3]
    assert measured[1].changes(CLOTHING) == ["input_shape 32×32×1, now 28×28×1"]
    assert measured[2].changes(CLOTHING) == ["preparation squash/1, now garment/1"]


def test_a_run_on_own_photos_is_no_measurement_of_the_recipe(tmp_path: Path) -> None:
    own: Any = {"name": "flowers", "dataset": "images", "preparation": PETS.preparation}
    run_folder(tmp_path, PETS, 0.6, **own, input_shape=[*PETS.shape])
    run_folder(tmp_path, seeded(PETS, 2), 0.7, **own, input_shape=[96, 96, 3])
    run_folder(tmp_path, seeded(PETS, 3), 0.9, dataset=PETS.dataset)

    known = known_results([PETS], tmp_path)

    assert [each.accuracy for each in known.measurements] == [0.9]
    assert [each.other_settings(PETS) for each in known.other_settings] == [
        "--photos, 150×150×3, squash/1",
        "--photos, 96×96×3, squash/1",
    ]
    assert [each.seed for each in missing(PETS, 3, measured_in(tmp_path), today)] == [1, 2]


def test_data_are_only_loaded_to_compare_what_is_otherwise_the_same(tmp_path: Path) -> None:
    known = [replace(each, code="another") for each in three_runs(tmp_path)]
    loaded: list[int] = []

    def conditions(recipe: Recipe) -> dict[str, str]:
        loaded.append(recipe.seed)
        return today(recipe)

    assert len(missing(CLOTHING, 3, known, conditions)) == 3
    assert loaded == []


def test_photos_without_a_published_split_are_split_differently_for_each_seed() -> None:
    assert (seeded(PETS, 3).seed, seeded(PETS, 3).split_seed) == (3, 3)
    assert (seeded(CLOTHING, 3).seed, seeded(CLOTHING, 3).split_seed) == (3, 1)


def test_the_newest_run_of_a_seed_counts(tmp_path: Path) -> None:
    old, *others = three_runs(tmp_path)
    new = replace(old, accuracy=0.5, began="2026-11-23T10:00")

    assert merged([new, old, *others])[0].accuracy == 0.5
    assert len(merged([old, replace(new, photos=450)])) == 2
    assert len(merged([new, old, *others])) == 3


def test_measurements_are_kept_when_the_run_folders_are_gone(tmp_path: Path) -> None:
    page, runs = tmp_path / "docs" / "results.md", tmp_path / "runs"
    three_runs(runs)
    found = known_results([CLOTHING], runs, page)
    known = replace(found, not_run={PETS.name: "no cats and dogs"})
    write_results([CLOTHING], known, page)

    assert [each.accuracy for each in known.measurements] == [0.87, 0.88, 0.89]
    assert known_results([CLOTHING], tmp_path / "none", page) == known
    assert "88.00 ± 1.00%" in page.read_text("utf-8")


def test_a_damaged_file_of_measurements_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('[{"recipe": 1}]')

    with pytest.raises(TrainingError, match=r"results\.json is not a file of measurements"):
        known_results([CLOTHING], tmp_path, tmp_path / "results.md")


def test_a_folder_of_runs_that_does_not_exist_is_reported(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["results", "--runs", "missing"]) == 2
    assert "--runs missing: there is no such folder" in capsys.readouterr().err
    assert not Path("docs").exists()


@pytest.mark.integration
def test_the_command_runs_missing_recipes_once_and_says_why_one_failed(
    garments: Path,
    tiny_recipe: Recipe,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setitem(RECIPES, tiny_recipe.name, tiny_recipe)
    names = [PETS.name, tiny_recipe.name]
    command = ["results", "--seeds", "1", "--output", "docs/results.md", "--data", str(garments)]

    assert main([*command, "--recipes", *names]) == 0
    assert "epoch 1/1" in capsys.readouterr().out
    page = Path("docs/results.md").read_text("utf-8")
    row = next(line for line in page.splitlines() if "| 1 (fewer than 3) |" in line)
    assert re.search(r"\| [\d.]+% of \d+ \| [\d.]+% of 50 \|", row), "validation and test"
    assert f"| `{PETS.name}` | – | {PETS.expected} | no dogs-vs-cats |" in page

    assert main([*command, "--recipes", tiny_recipe.name]) == 0
    assert "epoch 1/" not in capsys.readouterr().out, "a finished run is not repeated"
    assert Path("docs/results.md").read_text("utf-8") == page

    write_fashion_mnist(garments, photos=240)
    again: list[Recipe] = []
    monkeypatch.setattr(results, "train", lambda todo, *_: again.extend(todo))
    assert main([*command, "--recipes", tiny_recipe.name]) == 0
    assert [recipe.name for recipe in again] == [tiny_recipe.name], "the photos have changed"


def test_without_a_page_the_tables_are_shown_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["results"]) == 0
    assert capsys.readouterr().out == "there are no runs that have been evaluated\n"

    runs = tmp_path / "runs"
    three_runs(runs)
    run_folder(runs, override(CLOTHING, ["epochs=2"]), 0.1)
    photos = replace(recipe_named("images-vgg16"), model="flowers")  # Not in `RECIPES`.
    run_folder(runs, photos, 0.75, facts={"recipe": photos.name})
    before = sorted(tmp_path.rglob("*"))
    assert main(["results"]) == 0

    lines = [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]
    hardware = "2 cores of A fast one"
    accuracies = ["88.50 ± 1.00% of 3,000", "88.00 ± 1.00% of 10,000"]
    assert [CLOTHING.name, *accuracies, "42", "3", hardware] in lines
    assert ["With other settings"] in lines
    assert [CLOTHING.name, "epochs=2"] in [line[:2] for line in lines]
    assert ["images-vgg16 (flowers)", "75.50% of 3,000"] in [line[:2] for line in lines]
    assert not any("not yet run here" in cell for line in lines for cell in line)
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unknown_recipe_is_reported_before_anything_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["results", "--recipes", "clothing-cnn", "shoes"]) == 2
    assert "there is no recipe 'shoes'" in capsys.readouterr().err
    assert not Path("docs").exists()
