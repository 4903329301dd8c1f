"""Scoring a model on its own data, and on photos that it was, or may have been, trained on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from tests.training.signals import published
from training.__main__ import main
from training.data.datasets import DataSet
from training.data.loading import load
from training.data.photo_contents import pixel_contents
from training.data.splits import split_of
from training.overrides import override
from training.publishing.training_photos import ascending, training_digests
from training.recipes import recipe_named

OWN = "images-resnet50"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return 60 photos of 2×2 pixels, all different, in the folders `a` and `b`."""
    random = np.random.default_rng(0)
    for number in range(60):
        pixels = random.integers(0, 60, (2, 2), np.uint8)
        pixels[0, number % 2] = 255
        path = tmp_path / "letters" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return tmp_path / "letters"


def loaded(folder: Path, split_seed: int = 1) -> DataSet:
    settings = [f"split_seed={split_seed}"]
    recipe = override(recipe_named(OWN), settings)
    return load(replace(recipe, shape=(2, 2, 1)), folder, Console(quiet=True))


def publish_of(loaded: DataSet, **card: Any) -> None:
    """Publish a model whose card says that it was trained on this data."""
    split = {} if loaded.split_seed is None else {"split_seed": loaded.split_seed}
    described = {"recipe": OWN, "parameters": {"split_seed": 1}, **card}
    described.setdefault("data", {"sha256": loaded.digest, **split})
    published(Path("models/letters"), labels=("a", "b"), **described)


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[dict[str, Any], str]:
    """Return the figures of `evaluate`, and the line before its result."""
    capsys.readouterr()
    assert main(["evaluate", "letters", *arguments, "--output", "scores.json"]) == 0
    figures = json.loads(Path("scores.json").read_text("utf-8"))
    lines = capsys.readouterr().out.splitlines()
    result = next(i for i, line in enumerate(lines) if line.startswith("letters/1 on "))
    assert figures["warning"] in ("", lines[result - 1])
    unseen = [line for line in lines if " that it was not trained on: accuracy " in line]
    assert len(unseen) == bool(figures["trained_on"] and figures["unseen"])
    return figures, figures["warning"]


def test_a_model_of_another_backbone_is_scored_on_its_own_data(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = loaded(folder)
    publish_of(data)

    figures, warning = evaluated(capsys, "--data", str(folder))
    assert figures["photos"] == len(data.test)
    assert figures["accuracy"] == 1
    assert figures["data"].startswith("the test photos of letters (sha256 ")
    assert warning == ""


def test_a_model_of_a_recipe_file_is_scored_on_its_own_data(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = Path("own.py")
    own.write_text(
        "from dataclasses import replace\nfrom training.recipes import recipe_named\n"
        f"RECIPE = replace(recipe_named({OWN!r}), name='own-letters', model='letters')\n"
    )
    data = loaded(folder, split_seed=2)
    publish_of(data, recipe="own-letters", parameters={"split_seed": 2})

    assert main(["evaluate", "letters", "--data", str(folder)]) == 1
    error = capsys.readouterr().err
    assert "the unknown recipe 'own-letters'" in error
    assert "--recipe, which also takes the file of a recipe of your own" in error
    figures, warning = evaluated(capsys, "--data", str(folder), "--recipe", str(own))
    assert figures["photos"] == len(data.test)
    assert warning == "", "split as when it was trained, not as the file says now"


def test_scoring_on_the_training_photos_is_noticed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = loaded(folder)
    publish_of(data)
    count = len(data.training)

    figures, warning = evaluated(capsys, "--data", str(folder), "--split", "training")
    assert warning == (
        f"letters/1 was trained on {count} of these {count} photos: they can't tell how good it is"
    )
    assert (figures["trained_on"], figures["unseen"]) == (count, None)
    assert evaluated(capsys, "--data", str(folder), "--split", "validation")[1] == ""


@pytest.mark.parametrize("seed", [2, None])
def test_photos_of_another_split_may_have_been_trained_on(
    folder: Path, capsys: pytest.CaptureFixture[str], seed: int | None
) -> None:
    """The version is of an earlier release: it has no digests."""
    data = loaded(folder)
    publish_of(data, data={"sha256": "e" * 64, **({"split_seed": seed} if seed else {})})
    contents = data.contents(data.test)
    assert contents is not None
    seen = sum(split_of(each, seed) == "training" for each in contents) if seed else None

    figures, warning = evaluated(capsys, "--data", str(folder))
    assert figures["trained_on"] == seen
    if seen is None:
        assert warning == (
            "letters/1 may have been trained on these photos: it has no digests of its training"
            " photos"
        )
        assert figures["unseen"] is None
    else:
        assert warning == (
            f"letters/1 may have been trained on {seen} of these {len(data.test)} photos, and looks"
            " better on them than it is"
        )
        assert figures["unseen"]["photos"] == len(data.test) - seen


def test_of_a_folder_that_was_trained_on_both_figures_are_given(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model is right on all photos but those added since."""
    data = loaded(folder)
    count = len(data.training)
    publish_of(data, trained_on=training_digests(data))
    for number in range(10):
        pixels = np.full((2, 2), number, np.uint8)
        pixels[0, 0] = 255
        Image.fromarray(pixels).save(folder / "b" / f"wrong {number}.png")
    (folder / "a" / "0.png").rename(folder / "a" / "renamed.png")

    figures, warning = evaluated(capsys, "--photos", str(folder))
    assert warning == (
        f"letters/1 was trained on {count} of these 70 photos, and looks better on them than it is"
    )
    assert (figures["photos"], figures["accuracy"]) == (70, 60 / 70)
    assert figures["trained_on"] == count
    unseen = figures["unseen"]
    assert (unseen["photos"], unseen["accuracy"]) == (70 - count, (60 - count) / (70 - count))
    assert unseen["accuracy_interval"][0] < unseen["accuracy"] < unseen["accuracy_interval"][1]


@pytest.mark.parametrize("arrays", [False, True])
def test_a_folder_of_photos_that_were_all_trained_on(
    folder: Path, capsys: pytest.CaptureFixture[str], arrays: bool
) -> None:
    """A model that was trained on arrays knows them by their pixels."""
    data = loaded(folder)
    assert data.store is not None
    contents = pixel_contents(data.store.pixels) if arrays else list(data.store.rows)
    publish_of(data, trained_on=ascending(contents))

    figures, warning = evaluated(capsys, "--photos", str(folder))
    assert warning == (
        "letters/1 was trained on 60 of these 60 photos: they can't tell how good it is"
    )
    assert (figures["trained_on"], figures["unseen"]) == (60, None)


def test_a_folder_of_new_photos_needs_no_warning(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_of(loaded(folder), trained_on=np.array([1, 2, 3], np.uint64))

    figures, warning = evaluated(capsys, "--photos", str(folder))
    assert (warning, figures["trained_on"]) == ("", 0)
    assert figures["unseen"]["accuracy"] == figures["accuracy"]
