"""How much each photo counts that a calibration is fitted to."""

from dataclasses import replace

import numpy as np
import pytest

from training.data.datasets import Addition, DataSet, Split
from training.networks.building import network_to_fit, network_to_serve
from training.recipe import OwnPhotos, Recipe
from training.trust.activations import activation_model
from training.trust.validation_photos import ValidationPhotos, validation_photos


def split(*classes: int) -> Split:
    return Split(np.zeros((len(classes), 28, 28, 1), np.uint8), np.array(classes, np.int64))


def found(recipe: Recipe, own: Split | None) -> ValidationPhotos:
    empty, validation = split(), split(*[0, 1, 2] * 20)
    added = Addition("own", "digest", empty, own, empty) if own else None
    data = DataSet("some", ("a", "b", "c"), "digest", empty, validation, empty, own=added)
    network = network_to_serve(recipe, network_to_fit(recipe, 3))
    photos = validation_photos(network, activation_model(network), recipe, data)
    assert photos
    return photos


def test_without_own_photos_all_count_the_same(tiny_recipe: Recipe) -> None:
    assert found(tiny_recipe, None).weights.tolist() == [1] * 60


def test_own_photos_have_their_share(tiny_recipe: Recipe) -> None:
    recipe = replace(tiny_recipe, own=OwnPhotos(share=0.2, most=10))
    photos = found(recipe, split(*[0] * 12, *[2] * 4))

    assert photos.own == 16
    assert photos.weights[:60].tolist() == [1] * 60
    assert photos.weights[-16:] == pytest.approx([15 / 16] * 16)  # A fifth of all, with 60.


def test_no_own_photo_counts_more_than_the_setting_allows(tiny_recipe: Recipe) -> None:
    recipe = replace(tiny_recipe, own=OwnPhotos(share=0.4, most=3))

    assert found(recipe, split(*[0] * 11, 1)).weights[-12:].tolist() == [3] * 12
