"""The photos of an epoch: those of the data set, own ones, and others of none of the classes."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from training.data.batches import TrainingBatches
from training.data.datasets import Addition, DataSet, Joined, Split
from training.data.epoch_photos import photos_of_epoch
from training.recipe import OwnPhotos, Recipe
from training.recipes import RECIPES
from training.settings import Augmentation

LABELS = ("a", "b")
OTHER = len(LABELS)


def recipe(share: float = 0.2, most: int = 10) -> Recipe:
    return replace(
        RECIPES["clothing-cnn"],
        own=OwnPhotos(share=share, most=most),
        augmentation=Augmentation(),
        batch_size=10,
    )


def split(first: int, photos: int, label: int | None = None) -> Split:
    """Photos with the levels from `first` on."""
    levels = np.arange(first, first + photos, dtype=np.uint8)
    pixels = np.broadcast_to(levels[:, None, None, None], (photos, 28, 28, 1)).copy()
    classes = levels % 2 if label is None else np.full(photos, label)
    return Split(pixels, classes.astype(np.int64))


def addition(first: int, photos: int, label: int | None = None) -> Addition:
    empty = split(0, 0)
    return Addition("own", "digest", split(first, photos, label), empty, empty)


def data(own: int = 0, others: int = 0, photos: int = 100) -> DataSet:
    empty = split(0, 0)
    return DataSet(
        "levels",
        LABELS,
        "digest",
        split(0, photos),
        empty,
        empty,
        own=addition(150, own) if own else None,
        others=addition(220, others, OTHER) if others else None,
    )


def levels(found: Split) -> list[int]:
    numbers: list[int] = np.asarray(found.photos)[:, 0, 0, 0].tolist()
    return numbers


def counts(found: Split, first: int) -> list[int]:
    return sorted(Counter(level for level in levels(found) if level >= first).values())


def test_without_further_photos_an_epoch_is_the_training_split() -> None:
    plain = data()

    assert photos_of_epoch(plain, recipe(), 0) is plain.training


def test_few_own_photos_are_repeated_up_to_the_most_times() -> None:
    assert counts(photos_of_epoch(data(own=2), recipe(most=3), 0), 150) == [3, 3]


def test_own_photos_get_their_share_and_no_more() -> None:
    found = photos_of_epoch(data(own=10), recipe(share=0.2), 0)

    assert len(found) == 125
    assert counts(found, 150) == [2] * 5 + [3] * 5


def test_a_part_of_the_data_set_is_rehearsed_and_own_photos_get_their_share_of_that() -> None:
    chosen = recipe(share=0.2)
    chosen = replace(chosen, own=replace(chosen.own, rehearsed=40))

    epochs = [photos_of_epoch(data(own=10), chosen, epoch) for epoch in range(12)]
    for found in epochs:
        assert len({level for level in levels(found) if level < 150}) == 40
        assert counts(found, 150) == [1] * 10
        assert [level % 2 for level in levels(found)] == found.classes.tolist()
    assert {level for found in epochs for level in levels(found) if level < 150} == {*range(100)}


def test_many_own_photos_take_turns() -> None:
    many, chosen = data(own=50), recipe(share=0.2)

    epochs = [photos_of_epoch(many, chosen, epoch) for epoch in range(12)]
    assert {len(found) for found in epochs} == {125}
    seen = {level for found in epochs for level in levels(found) if level >= 150}
    assert seen == set(range(150, 200))


def test_the_photos_of_an_epoch_are_a_function_of_seed_and_epoch() -> None:
    many = data(own=50)

    def drawn(epoch: int, seed: int = 1) -> list[int]:
        return levels(photos_of_epoch(many, replace(recipe(), seed=seed), epoch))

    assert drawn(3) == drawn(3)
    assert drawn(3) != drawn(4)
    assert drawn(3) != drawn(3, seed=2)


def test_others_are_in_an_epoch_once_without_own_photos_and_as_often_as_those_with_them() -> None:
    assert counts(photos_of_epoch(data(others=4), recipe(), 0), 220) == [1] * 4
    both = photos_of_epoch(data(own=5, others=5), recipe(), 0)
    assert Counter(both.classes[100:].tolist())[OTHER] == len(both) - 100 - len(
        [level for level in levels(both) if 150 <= level < 220]
    )
    assert len(both) == pytest.approx(125, abs=1)


def test_the_target_of_others_is_equal_for_all_classes() -> None:
    batches = TrainingBatches(data(others=20), recipe())

    for index in range(len(batches)):
        photos, targets = batches[index]
        for level, target in zip(photos[:, 0, 0, 0].tolist(), targets.tolist(), strict=True):
            expected = [0.5, 0.5] if level >= 220 else np.eye(2)[level % 2].tolist()
            assert target == expected


def test_joined_rows_are_read_by_number_slice_mask_and_array() -> None:
    parts = [np.arange(4).reshape(2, 2), np.arange(10, 16).reshape(3, 2)]
    joined, whole = Joined(parts), np.concatenate(parts)

    assert joined.shape == whole.shape
    assert joined[3].tolist() == whole[3].tolist()
    assert joined[-1].tolist() == whole[-1].tolist()
    assert joined[1:4].tolist() == whole[1:4].tolist()
    assert joined[np.array([4, 0, 4])].tolist() == whole[[4, 0, 4]].tolist()
    mask = np.array([True, False, False, True, True])
    assert joined[mask].tolist() == whole[mask].tolist()
