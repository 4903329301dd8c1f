"""Ten ways in which a result becomes too good, or another's, and that each is noticed."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import tiny, with_network, write_photos
from tests.training.signals import data_set, evaluation, published, with_contents
from training.data.datasets import DataSet, Split
from training.data.loading import load
from training.data.splits import split_of
from training.fitting import feature_cache
from training.judging.measurements import Measurement
from training.judging.results import missing
from training.judging.scoring import recipe_photos
from training.networks.backbone import untrained_backbone
from training.networks.dense import DenseNetwork
from training.overrides import hyperparameters
from training.publishing.gate import judge
from training.publishing.gate_policy import GatePolicy
from training.publishing.published_model import PublishedModel
from training.recipe import Recipe
from training.runs.identity import code_of
from training.settings import Augmentation, FineTuning

QUIET = Console(quiet=True)
CLASSES = {"moon": 8, "sun": 8}


def loaded(folder: Path, split_seed: int = 1) -> DataSet:
    return load(replace(tiny(), split_seed=split_seed), folder, QUIET)


def in_both(data: DataSet, one: Split, other: Split) -> set[str]:
    """Return the contents that are in two splits."""
    return set(data.contents(one) or ()) & set(data.contents(other) or ())


def said(data: DataSet, *words: str) -> bool:
    """Whether a line about photos that were set aside has all these words."""
    return any(all(word in line for word in words) for line in data.damaged)


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "shapes", {"moon": 30, "sun": 30})


@pytest.fixture
def split_folder(tmp_path: Path) -> Path:
    for number, split in enumerate(("train", "validation", "test")):
        write_photos(tmp_path / "shapes" / split, CLASSES, first=100 * number)
    return tmp_path / "shapes"


def test_1_a_test_photo_that_is_also_in_the_training_folder(split_folder: Path) -> None:
    shutil.copy(split_folder / "test/sun/200.png", split_folder / "train/sun/200.png")
    data = loaded(split_folder)

    assert not in_both(data, data.training, data.test)
    assert len(data.training) == 16
    assert said(data, "train/sun/200.png", "copy", "test")


def test_2_a_copy_under_another_name(flat: Path) -> None:
    for number in range(30):
        shutil.copy(flat / f"sun/{number}.png", flat / f"sun/copy of {number}.png")
    data = loaded(flat)

    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not in_both(data, data.splits[one], data.splits[other])
    assert sum(map(len, data.splits)) == 60
    assert said(data, "sun/", "copy of sun/")


def test_3_a_photo_under_two_labels(flat: Path) -> None:
    shutil.copy(flat / "sun/3.png", flat / "moon/sun.png")
    data = loaded(flat)

    assert sum(map(len, data.splits)) == 59
    assert said(data, "moon/sun.png", "sun/3.png", "different labels")


def test_4_a_test_photo_that_moves_to_training_between_two_runs(split_folder: Path) -> None:
    before = loaded(split_folder)
    (split_folder / "test/sun/200.png").rename(split_folder / "train/sun/200.png")
    after = loaded(split_folder)

    # The digest is part of a run's identity, and the gate compares by it.
    assert before.digest != after.digest
    assert set(before.contents(before.test) or ()) > set(after.contents(after.test) or ())


def test_5_a_version_of_another_split_as_reference_at_the_gate(flat: Path, tmp_path: Path) -> None:
    assert loaded(flat, split_seed=1).digest != loaded(flat, split_seed=2).digest

    published(tmp_path / "letters", data={"sha256": "e" * 64, "split_seed": 2})
    data = with_contents(data_set(300, 0), split_seed=1)
    found = judge(LETTERS, data, evaluation(data, np.arange(300) < 300), tmp_path / "letters", GATE)

    unseen = sum(split_of(each, 2) != "training" for each in data.contents(data.test) or ())
    assert found.difference is not None
    assert found.difference.photos == unseen < 300
    assert f"the {unseen} of 300 test photos that version 1 was not trained on" in found.lines()[0]


def digests(*recipes: Recipe) -> set[str]:
    """Return the keys of the features of these backbones, whose weights are equal."""
    found = set()
    for recipe in recipes:
        keras.utils.set_random_seed(1)
        found.add(untrained_backbone(recipe).digest)
    return found


def test_6_cached_features_of_another_cut() -> None:
    cuts = ("conv_pw_1_bn", "conv_pw_1_relu")

    assert len(digests(*(with_network(tiny(), cut=cut) for cut in cuts))) == 2


def test_7_cached_features_of_another_layer_to_tune_after() -> None:
    layers = ("conv_pw_1_bn", "conv_pw_1_relu")

    assert len(digests(*(tiny(FineTuning(after=layer)) for layer in layers))) == 2


def test_8_cached_views_of_other_augmentation_code(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = with_network(tiny(), Augmentation(brightness=2.0), varied=1)
    views: Callable[[Recipe, int], Any] = feature_cache._views
    before = [view.name for view in views(recipe, 4)]
    monkeypatch.setattr(feature_cache, "source_digest", lambda *modules: "changed")
    after = [view.name for view in views(recipe, 4)]

    assert before[0] == after[0], "the photos as they are do not depend on it"
    assert before[1] != after[1]


def test_9_results_of_photos_that_have_changed_since() -> None:
    measured = Measurement(
        recipe=LETTERS.name,
        model="letters",
        parameters=hyperparameters(LETTERS),
        accuracy=0.9,
        training_accuracy=None,
        photos=100,
        seconds=1.0,
        hardware="",
        data="d" * 64,
        began="2026-01-01T00:00:00+00:00",
        code=code_of(LETTERS),
        backend="tensorflow",
    )

    def todo(data: str) -> list[Recipe]:
        now = {"data": data, "weights": "", "backend": "tensorflow"}
        return missing(LETTERS, 1, [measured], lambda recipe: now)

    assert not todo(data="d" * 64)
    assert todo(data="e" * 64) == [LETTERS]


def test_10_scoring_on_the_training_photos(flat: Path, tmp_path: Path) -> None:
    recipe = replace(tiny(), shape=(2, 2, 1))
    data = load(recipe, flat, QUIET)
    trained_on: dict[str, object] = {"sha256": data.digest}
    if data.split_seed is not None:
        trained_on["split_seed"] = data.split_seed
    base, labels = tmp_path / "shapes-model", ("moon", "sun")
    number = published(base, labels, recipe=recipe.name, data=trained_on)
    model = PublishedModel(base / str(number))

    def warning(of: Recipe, split: str) -> str:
        return recipe_photos(model, of, flat, split, QUIET).warning

    assert "was trained on these photos" in warning(recipe, "training")
    assert "may have been trained on" in warning(replace(recipe, name="x", split_seed=2), "test")
    assert warning(recipe, "test") == ""


LETTERS = Recipe(
    name="letters-dense",
    model="letters",
    what="",
    expected="",
    dataset="mnist",
    preparation="squash/1",
    shape=(2, 2, 1),
    network=DenseNetwork(),
)
GATE = GatePolicy()
