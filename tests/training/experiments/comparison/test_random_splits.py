"""Random splits of the photos for training and validation."""

from dataclasses import replace

import numpy as np
import pytest

from training.data.datasets import DataSet, Split
from training.data.prepared_photos import PhotoStore
from training.errors import UsageError
from training.experiments.comparison.random_splits import (
    pooled,
    random_split,
    split_data,
    split_sizes,
)


def data_set() -> DataSet:
    """Return 60 photos to train on, 40 for validation and 10 for the test, each of its own gray."""
    pixels = np.arange(110, dtype=np.uint8)[:, None, None, None]
    classes = np.arange(110) % 3
    training, validation, test = (
        Split(pixels[part], classes[part]) for part in np.split(np.arange(110), (60, 100))
    )
    return DataSet("grays", ("a", "b", "c"), "d" * 64, training, validation, test)


def grays(split: Split) -> set[int]:
    return {*np.asarray(split.photos[:]).ravel().tolist()}


def test_a_split_divides_all_photos_but_those_of_the_test() -> None:
    pool = pooled(data_set())
    data = split_data(pool, random_split(100, 0.8, 1), 0.0, 1)

    assert (len(data.training), len(data.validation), len(data.test)) == (80, 0, 20)
    assert grays(data.training) | grays(data.test) == {*range(100)}
    for split in (data.training, data.test):
        gray = np.asarray(split.photos[:]).ravel()
        np.testing.assert_array_equal(split.classes, gray % 3)


def test_a_split_is_the_same_each_time_and_others_are_others() -> None:
    first, again, other = (random_split(100, 0.8, number) for number in (1, 1, 2))

    np.testing.assert_array_equal(first.judged, again.judged)
    assert {*first.judged} != {*other.judged}


def test_each_photo_is_judged_in_about_its_share_of_the_splits() -> None:
    judged = np.concatenate([random_split(100, 0.7, number).judged for number in range(1, 401)])

    counts = np.bincount(judged, minlength=100)
    assert counts.sum() == 400 * 30
    assert counts.min() > 80
    assert counts.max() < 160


def test_early_stopping_watches_photos_that_neither_train_nor_judge() -> None:
    pool = pooled(data_set())
    plain = split_data(pool, random_split(100, 0.8, 1), 0.0, 1)
    data = split_data(pool, random_split(100, 0.8, 1), 0.25, 1)

    assert (len(data.training), len(data.validation), len(data.test)) == (60, 20, 20)
    assert grays(data.training) | grays(data.validation) == grays(plain.training)
    assert grays(data.test) == grays(plain.test)


def test_encoded_photos_are_split_alike_however_they_are_prepared() -> None:
    data = data_set()
    random = np.random.default_rng(0)
    pixels = np.concatenate([split.photos[:] for split in data.splits])

    def stored(order: np.ndarray) -> DataSet:
        """Return the data set with its photos listed in another order."""
        store = PhotoStore("", pixels, {str(row): row for row in range(110)}, {}, {})
        parts = [
            replace(split, rows=rows[each], photos=pixels[rows[each]], classes=rows[each] % 3)
            for split, rows, each in zip(
                data.splits[:2],
                (np.arange(60), np.arange(60, 100)),
                (order[order < 60], order[order < 40]),
                strict=True,
            )
        ]
        return replace(data, training=parts[0], validation=parts[1], store=store)

    split = random_split(100, 0.8, 1)
    first, other = (
        split_data(pooled(stored(order)), split, 0.0, 1)
        for order in (np.arange(60), random.permutation(60))
    )

    np.testing.assert_array_equal(first.test.photos[:], other.test.photos[:])
    np.testing.assert_array_equal(first.test.classes, other.test.classes)
    np.testing.assert_array_equal(first.training.rows, other.training.rows)


@pytest.mark.parametrize("share", [0.81, 0.19])
def test_a_part_with_too_few_photos_is_reported(share: float) -> None:
    with pytest.raises(UsageError, match="each part needs at least 20"):
        split_sizes(100, share)
