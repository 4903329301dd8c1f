from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from training.data.loading import check_photos, dataset_named, load
from training.errors import TrainingError, UsageError
from training.networks.dense import DenseNetwork
from training.recipes import RECIPES

RECIPE = RECIPES["clothing-dense128-adam"]


def test_an_unknown_preparation_is_refused(garments: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown preparation 'garment/9'; known: .*garment/2"):
        load(replace(RECIPE, preparation="garment/9"), garments, Console())


def test_an_unknown_data_set_is_refused_naming_the_known() -> None:
    with pytest.raises(UsageError, match=r"unknown data set 'mnist2'; known: .*mnist"):
        dataset_named("mnist2")


def test_photos_of_another_shape_than_the_recipes_are_refused(garments: Path) -> None:
    other = replace(RECIPE, shape=(32, 32, 1), network=DenseNetwork())
    data = load(other, garments, Console())
    with pytest.raises(TrainingError, match=r"has photos of 28×28×1 \(uint8\); .* takes 32×32×1"):
        check_photos(other, data)
