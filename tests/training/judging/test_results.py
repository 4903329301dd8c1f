import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training.__main__ import main
from training.errors import TrainingError
from training.judging.measurements import Measurement, measured_in, merged
from training.judging.results import (
    KnownResults,
    known_results,
    missing,
    render,
    seeded,
    write_results,
)
from training.overrides import hyperparameters, override
from training.recipe import Recipe
from training.recipes import RECIPES

CLOTHING = RECIPES["clothing-dense128-adam"]
PETS = RECIPES["cats-dogs-cnn"]


def run_folder(runs: Path, recipe: Recipe, accuracy: float, **card: Any) -> Path:
    """Write the files of a run that the tables are made from."""
    folder = runs / recipe.name / f"{recipe.seed}-{accuracy}"
    folder.mkdir(parents=True)
    (folder / "evaluation.json").write_text("{}")
    hardware = {"device": "CPU", "processor": "A fast one", "cores": 2}
    made = {
        "name": recipe.model,
        "recipe": recipe.name,
        "parameters": hyperparameters(recipe),
        "metrics": {"test": {"accuracy": accuracy, "photos": 10_000}},
        "trained": {"seconds": 40 + recipe.seed, "hardware": hardware, "began": "2026-11-22T10:00"},
        "data": {"sha256": "d" * 64},
    }
    (folder / "model_card.json").write_text(json.dumps({**made, **card}))
    (folder / "history.json").write_text(json.dumps([{"epoch": 1, "accuracy": accuracy + 0.01}]))
    return folder


def three_runs(runs: Path) -> list[Measurement]:
    for seed, accuracy in ((1, 0.87), (2, 0.88), (3, 0.89)):
        run_folder(runs, seeded(CLOTHING, seed), accuracy)
    return measured_in(runs)


def test_a_row_has_the_reference_result_and_the_mean_and_spread_of_the_measurements(
    tmp_path: Path,
) -> None:
    page = render([CLOTHING], KnownResults(three_runs(tmp_path), {}))

    row = next(line for line in page.splitlines() if line.startswith(f"| `{CLOTHING.name}` | 87.9"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:] == [
        CLOTHING.reference_result,
        "88.00 ± 1.00% of 10,000",
        "89.00 ± 1.00%",
        "42",
        "3",
        "2 cores of A fast one",
        "`python -m training results --recipes clothing-dense128-adam`",
    ]
    assert page.count(f"| `{CLOTHING.name}` | 1 | 1 | 87.00% | 88.00% | 41 | 2026-11-22 10:00 |")
    assert "Not run here" not in page


def test_fewer_than_three_runs_are_marked(tmp_path: Path) -> None:
    run_folder(tmp_path, CLOTHING, 0.88)
    page = render([CLOTHING], KnownResults(measured_in(tmp_path), {}))

    assert "| 88.00% of 10,000 | 89.00% | 41 | 1 (fewer than 3) |" in page


def test_a_recipe_that_was_not_run_is_listed_with_the_reason(tmp_path: Path) -> None:
    run_folder(tmp_path, override(CLOTHING, ["epochs=2"]), 0.88)
    known = KnownResults(measured_in(tmp_path), {PETS.name: "no cats and dogs"})
    page = render([CLOTHING, PETS], known)

    after = page.partition("## Not run here")[2]
    assert f"| `{CLOTHING.name}` |" in after
    assert "| changed since it was measured |" in after
    assert f"| `{PETS.name}` | – | {PETS.expected} | no cats and dogs |" in after
    assert "| not yet run here |" in render([CLOTHING], KnownResults([], {}))


def test_other_hardware_and_other_data_have_their_own_rows(tmp_path: Path) -> None:
    known = three_runs(tmp_path)
    others = [replace(each, hardware="H200") for each in known]
    fewer = [replace(each, photos=450) for each in known]
    page = render([CLOTHING], KnownResults([*known, *others, *fewer], {}))

    assert page.count("| 88.00 ± 1.00% of 10,000 |") == 2
    assert page.count("| 88.00 ± 1.00% of 450 |") == 1
    assert "| H200 |" in page


def test_a_recipe_for_photos_in_folders_is_listed_with_its_model_and_command(
    tmp_path: Path,
) -> None:
    photos = RECIPES["images-mobilenet"]
    for split in (1, 2, 3):
        run_folder(
            tmp_path, override(photos, [f"split={split}"]), 0.8 + split / 100, name="flowers"
        )
    page = render([photos], KnownResults(measured_in(tmp_path), {}))

    assert "| `images-mobilenet` (flowers) | – | 82.00 ± 1.00% of 10,000 |" in page
    assert "run images-mobilenet --name flowers --data FOLDER" in page


def test_only_missing_seeds_are_run(tmp_path: Path) -> None:
    run_folder(tmp_path, seeded(CLOTHING, 2), 0.88)
    run_folder(tmp_path, override(CLOTHING, ["seed=1", "epochs=2"]), 0.88)

    assert [each.seed for each in missing(CLOTHING, 3, measured_in(tmp_path))] == [1, 3]


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
    run_folder(runs, override(CLOTHING, ["epochs=2", "seed=7"]), 0.1)
    found = known_results([CLOTHING], runs, page)
    known = replace(found, reasons={PETS.name: "no cats and dogs"})
    write_results([CLOTHING], known, page)

    assert [each.accuracy for each in known.measurements] == [0.87, 0.88, 0.89]
    assert known_results([CLOTHING], tmp_path / "none", page) == known
    assert "88.00 ± 1.00%" in page.read_text("utf-8")


def test_a_damaged_file_of_measurements_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text('[{"recipe": 1}]')

    with pytest.raises(TrainingError, match=r"results\.json is not a file of measurements"):
        known_results([CLOTHING], tmp_path, tmp_path / "results.md")


def test_the_results_page_in_the_repository_is_up_to_date() -> None:
    page = Path(__file__).parents[3] / "docs" / "results.md"
    known = known_results(RECIPES.values(), Path("none"), page)

    written = page.read_text("utf-8").splitlines()
    rows = [row for row in render(RECIPES.values(), known).splitlines() if "%" in row]
    measured = [row for row in rows if "±" in row or "| 20" in row]
    assert measured
    assert set(measured) <= set(written), "update it: python -m training results"


@pytest.mark.integration
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's.
def test_the_command_runs_missing_recipes_once_and_says_why_one_failed(
    garments: Path,
    tiny_recipe: Recipe,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    tiny = replace(tiny_recipe, held_out=0.0)
    monkeypatch.setitem(RECIPES, tiny.name, tiny)
    names = [PETS.name, tiny.name]
    command = ["results", "--seeds", "1", "--output", "docs/results.md", "--data", str(garments)]

    assert main([*command, "--recipes", *names]) == 0
    assert "epoch 1/1" in capsys.readouterr().out
    page = Path("docs/results.md").read_text("utf-8")
    assert "| 1 (fewer than 3) |" in page
    assert f"| `{PETS.name}` | – | {PETS.expected} | no cats and dogs |" in page

    assert main([*command, "--recipes", tiny.name]) == 0
    assert "epoch" not in capsys.readouterr().out, "a finished run is not repeated"
    assert Path("docs/results.md").read_text("utf-8") == page


def test_an_unknown_recipe_is_reported_before_anything_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["results", "--recipes", "clothing-cnn", "shoes"]) == 2
    assert "there is no recipe 'shoes'" in capsys.readouterr().err
    assert not Path("docs").exists()
