"""Any recipe on photos of one's own: `run RECIPE --photos FOLDER`."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.__main__ import main
from training.overrides import on_own_photos, override
from training.recipes import RECIPES, recipe_of_run, unchanged
from training.runs.names import run_label


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Return a folder with 20 photos of each of three colours."""
    random = np.random.default_rng(0)
    for channel, label in enumerate(("blue", "green", "red")):
        (tmp_path / "shapes" / label).mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 90, (20, 24, 3))
            pixels[..., 2 - channel] += 150
            path = tmp_path / "shapes" / label / f"{number}.png"
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    return tmp_path / "shapes"


def test_a_recipe_for_own_photos_drops_what_is_about_its_data_set() -> None:
    recipe = on_own_photos(RECIPES["clothing-starter"])

    assert (recipe.dataset, recipe.held_out, recipe.floor) == ("images", 0.0, 0.0)
    assert (recipe.shape, recipe.preparation) == ((28, 28, 1), "garment/2")
    assert recipe.snapshots


def test_colour_needs_another_preparation_and_no_snapshots_of_gray_garments() -> None:
    recipe = on_own_photos(RECIPES["clothing-starter"], (64, 48, 3))

    assert (recipe.shape, recipe.preparation) == ((64, 48, 3), "squash/1")
    assert recipe.snapshots is None


def test_the_preparation_can_be_chosen() -> None:
    recipe = on_own_photos(RECIPES["clothing-starter"], preparation="squash/1")

    assert (recipe.preparation, recipe.snapshots) == ("squash/1", None)


@pytest.mark.parametrize("name", ["images-mobilenet", "clothing-cnn"])
def test_the_recipe_of_a_run_has_the_shape_and_preparation_of_the_run(name: str) -> None:
    facts = {"recipe": name, "dataset": "images", "preparation": "squash/1"}
    found = recipe_of_run({**facts, "input_shape": [64, 48, 3]})

    assert (found.dataset, found.shape, found.preparation) == ("images", (64, 48, 3), "squash/1")


def test_what_own_photos_need_is_no_change_of_a_setting() -> None:
    recipe = on_own_photos(RECIPES["clothing-cnn"], (96, 96, 3))
    own = unchanged(override(recipe, ["epochs=3"]))

    assert own == recipe
    assert run_label(replace(override(recipe, ["epochs=3"]), model="flowers"), own) == (
        "flowers_epochs=3"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--shape", "32x32x3"], "--shape and --preparation are for your own photos"),
        (["--photos", ".", "--data", "."], "--photos and --data can't be combined"),
        (["--photos", "nowhere"], "the folder of photos nowhere does not exist"),
        (["--photos", ".", "--shape", "30x30x1"], "network.side divides 30 and 30"),
        pytest.param(
            ["--photos", ".", "--preparation", "crop/1"],
            "unknown preparation 'crop/1'",
            marks=pytest.mark.integration,  # It looks for devices first.
        ),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "clothing-fast", "--name", "shapes", *arguments]) in (1, 2)

    assert message in capsys.readouterr().err


@pytest.mark.parametrize("text", ["32", "32x32", "32x32x2", "0x32x3", "axbx3"])
def test_a_shape_is_height_width_and_channels(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["run", "clothing-fast", "--photos", ".", "--shape", text])

    assert f"'{text}' is not height, width and 1 or 3 channels" in capsys.readouterr().err


@pytest.mark.integration
def test_a_recipe_of_clothing_learns_and_publishes_other_photos(
    shapes: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = ["run", "clothing-dense128-adam", "--photos", str(shapes), "--shape", "12x10x3"]
    assert main([*run, "--name", "shapes", "--set", "epochs=4"]) == 0
    (folder,) = Path("runs/clothing-dense128-adam").iterdir()

    assert main(["publish", str(folder)]) == 0

    card = json.loads(Path("models/shapes/1/assets.extra/model_card.json").read_text())
    assert card["labels"] == ["blue", "green", "red"]
    assert (card["input_shape"], card["preparation"]) == ([12, 10, 3], "squash/1")
    assert card["metrics"]["test"]["accuracy"] == 1
    capsys.readouterr()
    assert main(["evaluate", "shapes", "--data", str(shapes)]) == 0
    assert "shapes/1 on the test photos of shapes" in capsys.readouterr().out
