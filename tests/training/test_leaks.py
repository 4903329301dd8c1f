"""Ten ways in which a result becomes too good, or another's, and that each is noticed."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import backbone_of, tiny, with_network, write_photos
from tests.training.judging.run_folders import CLOTHING, measured_in, run_folder, today
from tests.training.signals import LETTERS, data_set, evaluation, published, with_contents
from training.data.augmentation import Augmenter
from training.data.datasets import DataSet, Split
from training.data.loading import load
from training.data.splits import split_of
from training.fitting import feature_cache
from training.fitting.feature_cache import with_features
from training.judging.results import missing
from training.judging.scoring import recipe_photos, score
from training.publishing.comparison import Candidate
from training.publishing.gate import judge
from training.publishing.gate_policy import GatePolicy
from training.publishing.published_model import PublishedModel
from training.publishing.training_photos import training_digests
from training.recipe import Recipe
from training.settings import Augmentation, FineTuning

QUIET = Console(quiet=True)
CLASSES = {"moon": 8, "sun": 8}


def loaded(folder: Path, split_seed: int = 1) -> DataSet:
    return load(replace(tiny(), split_seed=split_seed), folder, QUIET)


def in_both(data: DataSet, one: Split, other: Split) -> set[str]:
    """Return the contents that are in two splits."""
    return set(data.contents(one) or ()) & set(data.contents(other) or ())


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
    assert data.damaged == ("train/sun/200.png: a copy of test/sun/200.png in the test split",)


def test_2_a_copy_under_another_name(flat: Path) -> None:
    for number in range(30):
        shutil.copy(flat / f"sun/{number}.png", flat / f"sun/copy of {number}.png")
    data = loaded(flat)

    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not in_both(data, data.splits[one], data.splits[other])
    assert sum(map(len, data.splits)) == 60
    assert len(data.damaged) == 30
    assert all(": a copy of sun/" in line for line in data.damaged)


def test_3_a_photo_under_two_labels(flat: Path) -> None:
    shutil.copy(flat / "sun/3.png", flat / "moon/sun.png")
    data = loaded(flat)

    assert sum(map(len, data.splits)) == 59
    expected = "moon/sun.png and sun/3.png: the same photo under different labels"
    assert data.damaged == (expected,)


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
    right, digests = evaluation(data, np.arange(300) < 300), training_digests(data)
    candidate = Candidate(LETTERS, data, right, digests)
    found = judge(candidate, tmp_path / "letters", GatePolicy())

    unseen = sum(split_of(each, 2) != "training" for each in data.contents(data.test) or ())
    assert found.difference is not None
    assert found.difference.photos == unseen < 300
    assert f"the {unseen} of 300 test photos that neither was trained on" in found.lines()[0]


def features(recipe: Recipe, folder: Path) -> list[np.ndarray]:
    """Return the features of each view of the training photos, from the cache where it has them."""
    data = with_features(recipe, load(recipe, folder, QUIET), backbone_of(recipe), QUIET)
    return [view[:] for view in data.training.features]


def test_6_cached_features_of_another_cut(flat: Path) -> None:
    """A rectifier has no weights: the network below it differs by its name alone."""
    bn, relu = (with_network(tiny(), cut=f"conv_pw_2_{layer}") for layer in ("bn", "relu"))

    assert features(bn, flat)[0].min() < 0
    assert features(relu, flat)[0].min() >= 0


def test_7_cached_features_of_another_layer_to_tune_after(flat: Path) -> None:
    bn, relu = (tiny(FineTuning(f"conv_pw_2_{layer}")) for layer in ("bn", "relu"))

    assert features(bn, flat)[0].min() < 0
    assert features(relu, flat)[0].min() >= 0


def test_8_cached_views_of_other_augmentation_code(
    flat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = with_network(tiny(), Augmentation(shift=9), varied=1)
    before = features(recipe, flat)
    monkeypatch.setattr(Augmenter, "__call__", lambda self, photo, row: photo)
    assert np.array_equal(features(recipe, flat)[1], before[1]), "they come from the cache"
    monkeypatch.setattr(feature_cache, "source_digest", lambda module: "edited")

    plain, varied = features(recipe, flat)
    assert np.array_equal(plain, varied), "they are computed again"
    assert np.array_equal(plain, before[0])


def test_9_results_of_photos_that_have_changed_since(tmp_path: Path) -> None:
    run_folder(tmp_path, CLOTHING, 0.88)
    known = measured_in(tmp_path)

    def changed(recipe: Recipe) -> dict[str, str]:
        return {**today(recipe), "data": "e" * 64}

    assert missing(CLOTHING, 1, known, today) == []
    assert missing(CLOTHING, 1, known, changed) == [CLOTHING]


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
        return str(score(model, recipe_photos(model, of, flat, split, QUIET))["warning"])

    assert "was trained on 48 of these 48 photos" in warning(recipe, "training")
    assert "may have been trained on" in warning(replace(recipe, name="x", split_seed=2), "test")
    assert warning(recipe, "test") == ""
