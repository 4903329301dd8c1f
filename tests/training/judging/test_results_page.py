from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.judging.run_folders import (
    CLOTHING,
    PETS,
    measured_in,
    run_folder,
    section,
    three_runs,
)
from tests.training.runs.listed import listed_run
from training.judging.measurements import Results
from training.judging.results import known_results
from training.judging.results_page import render
from training.overrides import override
from training.recipes import RECIPES
from training.runs.identity import code_of

OTHER = "## With other settings"
LEFT_OUT = "## Runs left out"
OLDER = "## Measured with earlier code or data"


def test_a_row_has_the_reference_result_and_the_mean_and_spread_of_the_measurements(
    tmp_path: Path,
) -> None:
    page = render([CLOTHING], Results(three_runs(tmp_path)))

    row = next(line for line in page.splitlines() if line.startswith(f"| `{CLOTHING.name}` | 87.9"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1:] == [
        CLOTHING.reference_result,
        "88.50 ± 1.00% of 3,000",
        "88.00 ± 1.00% of 10,000",
        "89.00 ± 1.00%",
        "42",
        "3",
        "2 cores of A fast one",
        "`python -m training results --recipes clothing-dense128-adam`",
    ]
    run = "1 | 1 | 87.50% | 87.00% | 88.00% | 41 | 2026-11-22 10:00"
    assert page.count(f"| `{CLOTHING.name}` | {run} | {code_of(CLOTHING)[:8]} |") == 1
    assert "Not run here" not in page
    assert OLDER not in page
    assert LEFT_OUT not in page


def test_the_whole_time_is_in_brackets_where_it_was_recorded(tmp_path: Path) -> None:
    run_folder(tmp_path, CLOTHING, 0.88, times={"loading_seconds": 2.5, "evaluation_seconds": 1000})
    page = render([CLOTHING], Results(measured_in(tmp_path)))

    assert "| 89.00% | 41 (1,044) | 1 (fewer than 3) |" in page


def test_fewer_than_three_runs_are_marked(tmp_path: Path) -> None:
    run_folder(tmp_path, CLOTHING, 0.88)
    page = render([CLOTHING], Results(measured_in(tmp_path)))

    assert "| 88.00% of 10,000 | 89.00% | 41 | 1 (fewer than 3) |" in page


def test_a_recipe_that_was_not_run_is_listed_with_the_reason(tmp_path: Path) -> None:
    page = render([CLOTHING, PETS], Results([], {PETS.name: "no cats and dogs"}))

    after = section(page, "## Not run here")
    assert f"| `{PETS.name}` | – | {PETS.expected} | no cats and dogs |" in after
    assert "| not yet run here |" in after


def test_other_hardware_has_its_own_row(tmp_path: Path) -> None:
    known = three_runs(tmp_path)
    others = [replace(each, hardware="H200") for each in known]
    page = render([CLOTHING], Results([*known, *others]))

    assert page.count("| 88.00 ± 1.00% of 10,000 |") == 2
    assert "| H200 |" in page


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"code": "another"}, "the code has changed"),
        ({"code": ""}, "code not recorded"),
        ({"data": "another"}, "the photos have changed"),
        ({"weights": "another"}, "other pretrained weights"),
        ({"all_photos": 1_000}, "the number of photos has changed"),
    ],
)
def test_what_would_not_be_the_same_today_is_not_mixed_with_the_others(
    tmp_path: Path, changed: dict[str, Any], why: str
) -> None:
    *same, last = three_runs(tmp_path)
    older = replace(last, began="2026-11-20T10:00", **changed)
    page = render([CLOTHING], Results([*same, older]))

    assert "| 87.50 ± 0.71% of 10,000 |" in section(page)
    earlier = section(page, OLDER)
    assert "| 89.00% of 10,000 |" in earlier
    assert f"| {why} |" in earlier


def test_a_measurement_with_settings_of_the_time_is_an_earlier_one(tmp_path: Path) -> None:
    """Settings that the recipe did not have at the time count as their defaults."""
    same, other, _ = three_runs(tmp_path)
    kept = {name: value for name, value in same.parameters.items() if name != "jit"}
    fewer, before = replace(same, parameters=kept), replace(other, parameters={**kept, "epochs": 2})
    page = render([CLOTHING], Results([fewer, before]))

    assert "| 87.00% of 10,000 |" in section(page)
    assert "| epochs 2, now 5 |" in section(page, OLDER)
    assert "Not run here" not in page


def test_a_mean_of_fewer_runs_than_its_row_has_says_so(tmp_path: Path) -> None:
    first, *others = three_runs(tmp_path)
    unvalidated = replace(first, validation_accuracy=None, validation_photos=0)
    page = render([CLOTHING], Results([unvalidated, *others], {}))

    assert "| 89.00 ± 0.71% of 3,000 (2 of 3 runs) | 88.00 ± 1.00% of 10,000 |" in page


def test_earlier_measurements_without_validation_photos_show_a_dash(tmp_path: Path) -> None:
    run_folder(tmp_path, CLOTHING, 0.88, metrics={"test": {"accuracy": 0.88, "photos": 9}})
    page = render([CLOTHING], Results(measured_in(tmp_path)))

    assert "| – | 88.00% of 9 |" in section(page)


def test_measurements_that_were_repeated_with_other_code_are_counted(tmp_path: Path) -> None:
    new = measured_in(run_folder(tmp_path, CLOTHING, 0.88))[0]
    old = replace(new, accuracy=0.5, photos=2_700, code="", began="2026-11-20T10:00")
    page = render([CLOTHING], Results([old, new]))

    assert "| 1 run measured again since, with other code |" in section(page, LEFT_OUT)
    assert "50.00%" not in page


def test_runs_with_other_settings_have_rows_of_their_own(tmp_path: Path) -> None:
    three_runs(tmp_path)
    for seed, accuracy in (("7", 0.1), ("8", 0.2)):
        run_folder(tmp_path, override(CLOTHING, ["epochs=2", f"seed={seed}"]), accuracy)
    run_folder(tmp_path, override(CLOTHING, ["learning_rate=0.5", "epochs=2"]), 0.3)
    run_folder(tmp_path, CLOTHING, 0.4, preparation="squash/1", input_shape=[28, 28, 1])
    known = known_results([CLOTHING], tmp_path, tmp_path / "results.md")
    page = render([CLOTHING], known)

    rows = [line for line in section(page, OTHER).splitlines() if line.startswith("| `")]
    assert [row.split(" | ")[1:5:2] for row in rows] == [
        ["epochs=2, learning_rate=0.5", "30.00% of 10,000"],
        ["preparation squash/1, now garment/1", "40.00% of 10,000"],
        ["epochs=2", "15.00 ± 7.07% of 10,000"],
    ]
    assert [each.accuracy for each in known.measurements] == [0.87, 0.88, 0.89]
    assert len(section(page, "## Each run").splitlines()) == 2 + 1 + 3
    assert LEFT_OUT not in page


def test_runs_with_other_settings_on_other_photos_are_not_averaged(tmp_path: Path) -> None:
    data = {"sha256": "e" * 64, "training": 57_000, "validation": 3_000, "test": 10_000}
    recipe = override(CLOTHING, ["epochs=2"])
    run_folder(tmp_path, recipe, 0.1, began="2026-11-21T10:00", data=data, facts={"data": "e" * 64})
    run_folder(tmp_path, recipe, 0.9)
    page = render([CLOTHING], known_results([CLOTHING], tmp_path))

    rows = [line for line in section(page, OTHER).splitlines() if line.startswith("| `")]
    assert [row.split(" | ")[1:5:2] for row in rows] == [
        ["epochs=2, other photos", "10.00% of 10,000"],
        ["epochs=2", "90.00% of 10,000"],
    ]


def test_runs_that_are_no_measurements_are_named_or_counted(tmp_path: Path) -> None:
    three_runs(tmp_path)
    run_folder(tmp_path, replace(CLOTHING, name="mine"), 0.2)
    run_folder(tmp_path, CLOTHING, 0.3, began="2026-11-20T10:00")
    listed_run(tmp_path, "stopped", fitted=3)
    listed_run(tmp_path, "failed", "a_0").joinpath("run.json").write_text("{")
    card = run_folder(tmp_path, CLOTHING, 0.4) / "model_card.json"
    card.write_text("[]")
    known = known_results([CLOTHING], tmp_path, tmp_path / "results.md")

    rows = section(render([CLOTHING], known), LEFT_OUT).split("\n")[3:]
    assert [row.strip("| ").partition(" (")[0] for row in rows if row] == [
        "`clothing-cnn/2026-11-27_3f2281fb62b1`: stopped after 3 of 24 epochs",
        f"`clothing-cnn/a_0`: {tmp_path}/clothing-cnn/a_0/run.json can't be read",
        f"`clothing-dense128-adam/1-0.4`: {card} is not the card of a run",
        "1 run of `mine`, which is not in the list of recipes",
        "1 run replaced by a newer one with the same seed",
    ]
    assert [each.accuracy for each in known.measurements] == [0.87, 0.88, 0.89]


def test_a_recipe_for_photos_in_folders_is_listed_with_its_model_and_command(
    tmp_path: Path,
) -> None:
    photos = RECIPES["images-mobilenet"]
    for split in (1, 2, 3):
        run_folder(
            tmp_path, override(photos, [f"split={split}"]), 0.8 + split / 100, name="flowers"
        )
    page = render([photos], Results(measured_in(tmp_path)))

    assert "| `images-mobilenet` (flowers) | – | 82.50 ± 1.00% of 3,000 | 82.00 ± 1.00% of" in page
    assert "run images-mobilenet --name flowers --data FOLDER" in page


def test_the_results_page_in_the_repository_has_each_measurement() -> None:
    page = Path(__file__).parents[3] / "docs" / "results.md"
    known = known_results(RECIPES.values(), Path("none"), page)

    written = section(page.read_text("utf-8"), "## Each run").splitlines()
    rows = section(render(RECIPES.values(), known), "## Each run").splitlines()
    assert len(rows) > 20
    assert set(rows) <= set(written), "update it: training results --output docs/results.md"
