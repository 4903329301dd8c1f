"""Photos that a version was trained on never count as unseen, however they were split."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from tests.training.backbones import tiny, write_photos
from training.data.datasets import DataSet, Split
from training.data.loading import load
from training.data.splits import split_of
from training.publishing.card import model_card
from training.publishing.training_overlap import is_same_data, seen_photos, split_record
from training.publishing.training_photos import training_digests

RECIPE = tiny()


def loaded(folder: Path, split_seed: int = 1) -> DataSet:
    return load(replace(RECIPE, split_seed=split_seed), folder, Console(quiet=True))


def unseen(then: DataSet, now: DataSet) -> set[str]:
    """Return the test photos that a version of other data was not trained on, by its card alone.

    None of them was; by its digests, these are all of them.
    """
    card, contents = model_card(RECIPE, then, {}, {}, {}), now.contents(now.test)
    assert contents is not None
    seen = seen_photos(None, card, now, RECIPE, now.test)
    exact = seen_photos(training_digests(then), {}, now, RECIPE, now.test)
    assert seen is not None
    assert exact is not None
    trained_on = set(then.contents(then.training) or ())
    assert exact.tolist() == [content in trained_on for content in contents]
    assert not (exact & ~seen).any()
    return {content for content, each in zip(contents, seen, strict=True) if not each}


def test_photos_beside_a_validation_split_of_its_own(tmp_path: Path) -> None:
    """Photos that `split_of` has for validation are trained on there."""
    folder = tmp_path / "shapes"
    write_photos(folder / "train", {"moon": 40, "sun": 40})
    write_photos(folder / "val", {"moon": 4, "sun": 4}, first=100)
    then = loaded(folder)

    assert split_record(then) == {"split_seed": 1, "trained_on": ["training", "validation"]}
    now = loaded(folder, split_seed=2)
    contents = now.contents(now.test) or []
    assert unseen(then, now) == {each for each in contents if split_of(each, 1) == "test"}


def test_photos_split_here(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "shapes", {"moon": 40, "sun": 40})
    then, now = loaded(folder), loaded(folder, split_seed=2)

    assert split_record(then) == {"split_seed": 1}
    contents = now.contents(now.test) or []
    assert unseen(then, now) == {each for each in contents if split_of(each, 1) != "training"}


def test_a_class_so_small_that_a_test_photo_is_for_training(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "shapes", {"moon": 3, "sun": 40})
    records = (split_record(loaded(folder, seed)) for seed in range(1, 1000))
    seed = next(each["split_seed"] for each in records if "test" in each.get("trained_on", ()))
    then = loaded(folder, seed)
    write_photos(folder, {"moon": 40}, first=500)  # Now each photo is where its content belongs.

    unseen(then, loaded(folder, seed))


def test_a_data_set_of_ones_own_that_is_split_by_the_split_seed() -> None:
    """Its digest is that of the published file: the same for each split."""
    part = Split(np.zeros((2, 4, 4, 3), np.uint8), np.array([0, 1]))
    data = DataSet("pets", ("cat", "dog"), "0123", part, part, part)
    first, second = RECIPE, replace(RECIPE, split_seed=2)
    card = model_card(first, data, {}, {}, {})

    assert is_same_data(card, data, first)
    assert not is_same_data(card, data, second)
    assert seen_photos(None, card, data, second, data.test) is None
    assert is_same_data({"data": {"sha256": "0123"}}, data, first), "a card of an earlier release"
