from dataclasses import replace
from threading import Event
from typing import Any

import numpy as np

from training.data.batches import PlainBatches, TrainingBatches
from training.data.datasets import DataSet, Photos, Split
from training.recipe import Recipe
from training.recipes import RECIPES
from training.settings import Augmentation

LABELS = ("cat", "dog", "owl")


def split(photos: int = 23) -> Split:
    """Return photos in three classes, each with its own gray level."""
    levels = np.arange(photos, dtype=np.uint8)
    pixels = np.broadcast_to(levels[:, None, None, None], (photos, 28, 28, 1))
    return Split(pixels, levels.astype(np.int64) % 3)


def data(training: Split) -> DataSet:
    return DataSet("levels", LABELS, "digest", training, split(0), split(0))


def recipe(seed: int = 1) -> Recipe:
    return replace(
        RECIPES["clothing-cnn"], batch_size=5, seed=seed, augmentation=Augmentation(flip=True)
    )


def order(batches: TrainingBatches) -> list[int]:
    return [int(level) for index in range(len(batches)) for level in batches[index][0][:, 0, 0, 0]]


def test_batches_hold_photos_and_one_hot_classes() -> None:
    photos, targets = TrainingBatches(data(split()), recipe())[0]

    assert photos.shape == (5, 28, 28, 1)
    assert photos.dtype == np.uint8
    assert targets.shape == (5, 3)
    assert targets.dtype == np.float32
    assert targets.argmax(axis=1).tolist() == [int(photo[0, 0, 0]) % 3 for photo in photos]
    assert targets.sum(axis=1).tolist() == [1] * 5


def test_an_epoch_repeats_no_photo_and_drops_the_last_partial_batch() -> None:
    batches = TrainingBatches(data(split()), recipe())

    assert len(batches) == 4
    assert len(set(order(batches))) == 20


def test_the_order_is_a_function_of_seed_and_epoch() -> None:
    def orders(seed: int, epochs: list[int]) -> list[list[int]]:
        batches = TrainingBatches(data(split()), recipe(seed))
        found = []
        for epoch in epochs:
            batches.start_epoch(epoch)
            found.append(order(batches))
        return found

    first, second = orders(1, [0, 1])
    assert orders(1, [1, 0]) == [second, first]
    assert first != second
    assert orders(2, [0]) != [first]


def test_fewer_photos_than_a_batch_are_one_batch() -> None:
    batches = TrainingBatches(data(split(3)), recipe())

    assert len(batches) == 1
    assert sorted(order(batches)) == [0, 1, 2]


def test_plain_batches_hold_everything_in_order() -> None:
    batches = PlainBatches(split(), 3, batch_size=10)

    levels = [int(photo[0, 0, 0]) for index in range(len(batches)) for photo in batches[index][0]]
    assert levels == list(range(23))
    assert [len(batches[index][1]) for index in range(len(batches))] == [10, 10, 3]


def test_serial_batches_are_the_same() -> None:
    parallel = TrainingBatches(data(split()), recipe())
    serial = TrainingBatches(data(split()), recipe(), parallel=False)

    assert order(serial) == order(parallel)


class WatchedPhotos:
    """Photos that note how often some of them are taken, and let a test wait for the second."""

    def __init__(self, photos: Photos) -> None:
        self._photos = photos
        self.shape, self.dtype = photos.shape, photos.dtype
        self.begun = self.ended = 0
        self.taken_ahead = Event()

    def __len__(self) -> int:
        return len(self._photos)

    def __getitem__(self, chosen: Any) -> np.ndarray:
        self.begun += 1
        if self.begun > 1:
            self.taken_ahead.set()
        found = self._photos[chosen]
        self.ended += 1
        return found


def watched(parallel: bool) -> tuple[WatchedPhotos, TrainingBatches]:
    photos = WatchedPhotos(split().photos)
    whole = Split(photos, split().classes)
    return photos, TrainingBatches(data(whole), recipe(), parallel=parallel)


def test_parallel_batches_are_prepared_before_they_are_needed() -> None:
    photos, batches = watched(parallel=True)
    batches[0]

    assert photos.taken_ahead.wait(10)


def test_serial_batches_are_prepared_when_they_are_needed() -> None:
    photos, batches = watched(parallel=False)

    for count in range(1, 4):
        batches[count - 1]
        assert photos.begun == count


def test_no_thread_prepares_batches_after_a_cancellation() -> None:
    photos, batches = watched(parallel=True)
    expected = batches[0][0]
    batches.cancel()

    assert photos.begun == photos.ended
    assert np.array_equal(batches[0][0], expected)
