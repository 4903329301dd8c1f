from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from tests.training.backbones import tiny, write_photos
from training.data.class_balance import class_counts, class_weights, imbalance
from training.data.datasets import Addition, DataSet, Split
from training.data.loading import load
from training.recipe import OwnPhotos

COUNTS = {"daisy": 60, "rose": 20, "tulip": 40}


def data_set() -> DataSet:
    classes = np.repeat(np.arange(3), list(COUNTS.values()))
    split = Split(np.zeros((len(classes), 2, 2, 3), np.uint8), classes)
    return DataSet("flowers", tuple(COUNTS), "0", split, split, split)


def test_the_training_photos_of_each_class_are_counted() -> None:
    assert class_counts(data_set()) == COUNTS


def test_balanced_weights_make_all_classes_count_equally_and_have_the_mean_1() -> None:
    weights = class_weights(replace(tiny(), class_weights="balanced"), data_set())

    assert weights is not None
    totals = [weights[index] * count for index, count in enumerate(COUNTS.values())]
    assert totals == pytest.approx([40, 40, 40])
    assert class_weights(tiny(), data_set()) is None


def test_own_photos_count_as_often_as_they_are_in_an_epoch_and_others_once() -> None:
    data = data_set()
    empty = Split(data.training.photos[:0], data.training.classes[:0])
    photos = np.zeros((4, 2, 2, 3), np.uint8)
    own = Addition("mine", "1", Split(photos, np.full(4, 1)), empty, empty)
    others = Addition("mine", "2", Split(photos, np.full(4, 3)), empty, empty)
    recipe = replace(tiny(), class_weights="balanced", own=OwnPhotos(share=0.3, most=10))

    weights = class_weights(recipe, replace(data, own=own, others=others))

    assert weights is not None
    assert weights[[0, 2]].tolist() == pytest.approx([145.7 / 3 / 60, 145.7 / 3 / 40], rel=0.01)
    assert weights[3] == 1


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (COUNTS, "60 photos of 'daisy' to 20 of 'rose'"),
        ({"a": 1200, "b": 0}, "1,200 photos of 'a' to 0 of 'b'"),
        ({"a": 20, "b": 40}, ""),
    ],
)
def test_more_than_twice_the_photos_are_an_imbalance(counts: dict[str, int], said: str) -> None:
    assert imbalance(counts) == said


@pytest.mark.parametrize(
    ("weights", "remedy"),
    [
        ("none", "--set class_weights=balanced weighs them equally"),
        ("balanced", "weighed equally"),
    ],
)
def test_loading_says_that_classes_are_unbalanced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], weights: str, remedy: str
) -> None:
    folder = write_photos(tmp_path / "flowers", {"daisy": 20, "rose": 6})
    recipe = replace(tiny(), class_weights=weights)  # type: ignore[arg-type]  # Validated.

    counts = class_counts(load(recipe, folder, Console()))

    said = f"{counts['daisy']} photos of 'daisy' to {counts['rose']} of 'rose'"
    assert f"unbalanced: {said}; {remedy}" in capsys.readouterr().out
