"""Snapshots: how many photos, how they are varied, and garments worn by a person."""

from dataclasses import replace

import numpy as np
import pytest

from training.data.datasets import Split
from training.data.resampling import resampled
from training.data.snapshots import SnapshotAugmenter
from training.errors import UsageError
from training.recipe import Recipe
from training.recipes import recipe_named
from training.settings import Snapshots

LABELS = ("T-shirt/top", "Trouser", "Dress", "Bag")
_UNVARIED = dict.fromkeys(
    ("worn", "turn", "zoom", "stretch", "gamma", "gain", "sharpness", "noisy"), 0.0
)
STILL = Snapshots(share=1.0, **_UNVARIED)


def garments(count: int = 40) -> Split:
    """Draw bars of different gray levels, as wide as a garment, the classes in turn."""
    photos = np.zeros((count, 28, 28, 1), np.uint8)
    for index, photo in enumerate(photos):
        photo[:, 8:20] = 200 - index
    return Split(photos, np.arange(count, dtype=np.int64) % len(LABELS))


def recipe(chosen: Snapshots | None, seed: int = 1) -> Recipe:
    return replace(recipe_named("clothing-starter"), snapshots=chosen, seed=seed)


def augmented(
    chosen: Snapshots | None, indices: list[int], seed: int = 1, epoch: int = 0
) -> np.ndarray:
    split = garments()
    augmenter = SnapshotAugmenter(recipe(chosen, seed), split, LABELS, epoch)
    return augmenter(split.photos[indices], np.array(indices))


def changed(made: np.ndarray, indices: list[int]) -> np.ndarray:
    return np.asarray((made != garments().photos[indices]).any(axis=(1, 2, 3)))


EVERY = list(range(40))


def test_without_snapshots_nothing_changes() -> None:
    assert not changed(augmented(None, EVERY), EVERY).any()
    assert not changed(augmented(Snapshots(share=0.0), EVERY), EVERY).any()
    assert not changed(augmented(STILL, EVERY), EVERY).any()


def test_a_share_of_the_photos_becomes_snapshots_and_each_epoch_others() -> None:
    first, second = (
        changed(augmented(Snapshots(share=0.5), EVERY, 1, epoch), EVERY) for epoch in (0, 1)
    )
    assert 10 <= first.sum() <= 30
    assert (first != second).any()


def test_a_snapshot_depends_only_on_seed_epoch_and_photo() -> None:
    everything = augmented(Snapshots(share=1.0), EVERY, 3, 2)
    np.testing.assert_array_equal(
        augmented(Snapshots(share=1.0), [31, 5], 3, 2), everything[[31, 5]]
    )
    assert (augmented(Snapshots(share=1.0), EVERY, 4, 2) != everything).any()


@pytest.mark.parametrize(
    "change",
    [{"turn": 20.0}, {"zoom": 0.3}, {"stretch": 0.3}, {"gamma": 0.5}, {"gain": 0.4},
     {"sharpness": 1.0}, {"noisy": 1.0}],
)  # fmt: skip
def test_each_hyperparameter_varies_the_photos(change: dict[str, float]) -> None:
    assert changed(augmented(replace(STILL, **change), EVERY), EVERY).mean() > 0.9


def test_a_worn_garment_is_smaller_with_a_person_above_and_below() -> None:
    shirts = [index for index in EVERY if index % 4 == 0]
    worn = augmented(replace(STILL, worn=1.0), shirts)[..., 0]
    level = garments().photos[shirts, 14, 14]
    shirt = (np.abs(worn.astype(int) - level[:, None]) <= 1).sum(axis=(1, 2))
    assert (shirt < 0.8 * 28 * 12).all()
    assert (shirt > 0.2 * 28 * 12).all()
    above, below = worn[:, :4].max(axis=(1, 2)), worn[:, -1].max(axis=1)
    assert (above > 0).mean() > 0.7
    assert (below > 0).all()


def test_trousers_are_worn_below_a_shirt_and_a_bag_is_not_worn() -> None:
    trousers = [index for index in EVERY if index % 4 == 1]
    worn = augmented(replace(STILL, worn=1.0), trousers)[..., 0]
    shirts = 200 - np.arange(0, 40, 4)
    assert np.isin(worn[:, 0, 14], shirts).all()
    bags = [index for index in EVERY if index % 4 == 3]
    assert not changed(augmented(replace(STILL, worn=1.0), bags), bags).any()


def test_garments_with_other_labels_are_not_worn() -> None:
    split = garments()
    augmenter = SnapshotAugmenter(recipe(replace(STILL, worn=1.0)), split, ("a", "b", "c", "d"), 0)
    np.testing.assert_array_equal(augmenter(split.photos[EVERY], np.array(EVERY)), split.photos)


def test_resampling_interpolates_and_is_black_outside() -> None:
    photo = np.array([[[0, 10], [20, 30]]], np.float32)
    rows, columns = np.array([[[0.0, 0.5, 5.0]]]), np.array([[[1.0, 0.5, 0.0]]])
    np.testing.assert_allclose(resampled(photo, rows, columns), [[[10, 15, 0]]])


def test_coloured_photos_are_refused() -> None:
    with pytest.raises(UsageError, match="gray photos; those of clothing-starter have 3 channels"):
        replace(recipe(STILL), shape=(28, 28, 3))
