"""`recipes NAME`: settings with values, bounds and meaning."""

import re
from pathlib import Path

import pytest

from training.__main__ import main
from training.overrides import hyperparameters
from training.recipes import RECIPES, recipe_named


def rows(capsys: pytest.CaptureFixture[str], recipe: str) -> dict[str, list[str]]:
    """Return the cells after the first of each line, by the first."""
    assert main(["recipes", recipe]) == 0
    lines = [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]
    return {cells[0]: cells[1:] for cells in lines}


@pytest.mark.parametrize(
    ("recipe", "setting", "value", "bounds"),
    [
        ("clothing-cnn", "epochs", "24", "at least 1"),
        ("clothing-cnn", "held_out", "0.05", "0 to below 1"),
        ("clothing-cnn", "augmentation.crop_area", "1.0", "above 0 to 1"),
        ("clothing-starter", "snapshots.share", None, "0 to 1"),
        ("clothing-cnn", "augmentation.flip", "true", "true or false"),
        ("clothing-cnn", "seed", "1", "0 to 4294967295"),
        ("clothing-cnn", "network.stages", "48,96", "2 numbers, each at least 1"),
        ("clothing-cnn", "network.stem", "16", "1 number, each at least 1"),
        ("images-mobilenet", "head.output", "softmax", "softmax or sigmoid"),
        ("images-mobilenet", "optimizer", "adamw", "adam, adamw or sgd"),
    ],
)
def test_a_setting_is_shown_with_value_bounds_and_meaning(
    capsys: pytest.CaptureFixture[str], recipe: str, setting: str, value: str | None, bounds: str
) -> None:
    shown = rows(capsys, recipe)[setting]

    assert value in (None, shown[0])
    assert shown[1] == bounds
    assert len(shown[2]) > 5


@pytest.mark.parametrize("recipe", [*RECIPES, "images-vgg16"])
def test_every_setting_of_every_recipe_is_shown(
    capsys: pytest.CaptureFixture[str], recipe: str
) -> None:
    assert set(hyperparameters(recipe_named(recipe))) <= set(rows(capsys, recipe))


@pytest.mark.parametrize(
    ("recipe", "off"),
    [
        ("images-mobilenet", ["fine_tuning"]),
        ("clothing-cnn", ["snapshots"]),
        ("cats-dogs-finetune", []),
        ("cats-dogs-cnn", []),
    ],
)
def test_parts_that_are_off_are_named_where_the_recipe_could_have_them(
    capsys: pytest.CaptureFixture[str], recipe: str, off: list[str]
) -> None:
    assert main(["recipes", recipe]) == 0

    lines = [line for line in capsys.readouterr().out.splitlines() if " is off (" in line]
    assert [line.partition(" ")[0] for line in lines] == off
    if "fine_tuning" in off:
        assert lines[0].endswith(
            "fine_tuning.after, fine_tuning.head_epochs, fine_tuning.head_learning_rate"
        )


@pytest.mark.parametrize("columns", ["80", "139", "140"])
def test_nothing_is_cut_off_in_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(["recipes", "images-mobilenet"]) == 0

    table = capsys.readouterr().out.partition("\n\n")[2].rpartition("fine_tuning is off")[0]
    assert max(map(len, table.splitlines())) <= int(columns)
    for whole in ("softmax or sigmoid", "augmentation.crop_aspect", "4294967295"):
        assert whole in table
    assert "…" not in table


def test_a_recipe_file_is_shown_too(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.py").write_text(
        "from dataclasses import replace\nfrom training.recipes import RECIPES\n"
        "RECIPE = replace(RECIPES['clothing-cnn'], name='mine', epochs=7)\n"
    )
    assert rows(capsys, "mine.py")["epochs"][:2] == ["7", "at least 1"]
