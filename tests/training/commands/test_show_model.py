"""`show-model`: a table of layers, without data or weights."""

import re
from pathlib import Path

import pytest

from training.__main__ import main
from training.recipes import RECIPES

LARGE = ("efficientnetv2s", "inceptionv3", "resnet50", "inceptionresnetv2")


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["show-model", *arguments]) == 0
    found = capsys.readouterr()
    assert found.err == ""
    return found.out


@pytest.mark.integration
@pytest.mark.parametrize("recipe", [name for name in RECIPES if not name.endswith(LARGE)])
def test_every_recipe_is_shown_without_data_or_weights(
    capsys: pytest.CaptureFixture[str], recipe: str
) -> None:
    lines = shown(capsys, recipe).splitlines()

    assert lines[0].startswith(f"{recipe}: ")
    table = lines[lines.index("") + 1 :]
    assert table[0].split() == ["layer", "type", "output", "parameters", "multiply-adds"]
    layers = table[1 : table.index("")]
    total, operations = (
        sum(int(layer.split()[column].replace(",", "")) for layer in layers) for column in (-2, -1)
    )
    assert f"{total:,} parameters; {operations:,} multiply-adds for a photo" in lines


def test_settings_change_the_network(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "clothing-dense128-adam", "--set", "network.second_units=7")

    row = next(line for line in text.splitlines() if line.startswith("hidden2"))
    assert row.split() == ["hidden2", "Dense", "7", "903", "896"]
    assert "published: 0.4 MB of weights" in text


@pytest.mark.integration
def test_the_layers_that_cut_can_name_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "cats-dogs-finetune")

    assert "network.cut can name any layer of MobileNet (now conv_pw_12_relu)" in text
    assert "(now conv_pw_7_relu)" in text
    assert {"conv_pw_7_relu*", "conv_pw_12_relu", "conv_pw_13_relu"} <= set(text.split())
    assert "those of the head, and of the layers after conv_pw_7_relu" in text


@pytest.mark.parametrize("columns", [80, 200])
def test_lines_fit_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    lines = shown(capsys, "clothing-cnn").splitlines()

    assert max(map(len, lines[3:-4])) <= columns
    first = next(line for line in lines if line.startswith("stage0_block0_second"))
    assert ("Conv2D" in first) == (columns == 200)


def test_the_number_of_classes_is_that_of_the_data(capsys: pytest.CaptureFixture[str]) -> None:
    shape = ("--set", "network.weights=random", "--set", "network.cut=conv_pw_1_relu")
    assert "of 10 classes" in shown(capsys, "clothing-fast")
    assert "of 2 classes" in shown(capsys, "images-mobilenet", *shape)
    assert "of 7 classes" in shown(capsys, "images-mobilenet", *shape, "--classes", "7")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["clothing-fast", "--classes", "7"], "no effect: fashion-mnist has 10 classes"),
        (["images-mobilenet", "--classes", "1"], "--classes is at least 2, not 1"),
        (["clothing-slow"], "there is no recipe 'clothing-slow'"),
        (["clothing-fast", "--set", "units=3"], "has no setting 'units'"),
        (["images-mobilenet", "--set", "network.cut=conv"], "has no layer 'conv'; similar ones"),
    ],
)
def test_wrong_use_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["show-model", *arguments]) in (1, 2)

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_recipe_of_ones_own_is_shown(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "from dataclasses import replace\n"
        "from training.recipes.clothing_fast import RECIPE as FAST\n"
        "RECIPE = replace(FAST, name='mine')\n"
    )

    assert re.search(r"^mine: .*\n", shown(capsys, "mine.py"))
