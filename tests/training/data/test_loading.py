from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from training.data.loading import check_photos, check_splitting, dataset_named, load
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


def test_early_stopping_without_validation_photos_is_refused(garments: Path) -> None:
    stopping = replace(RECIPE, early_stopping=3, held_out=0.0)
    with pytest.raises(UsageError, match=r"early_stopping needs .*--set held_out=0\.1 sets some"):
        check_splitting(stopping)
    with pytest.raises(TrainingError, match=r"early_stopping needs .*--set early_stopping=0"):
        check_photos(stopping, load(stopping, garments, Console()))

    check_splitting(replace(stopping, held_out=0.1))
    check_splitting(replace(RECIPES["images-mobilenet"], early_stopping=3))
