"""Naming the recipes of a comparison."""

from pathlib import Path

import pytest

from training.errors import UsageError
from training.experiments.comparison.competitors import read_competitors
from training.networks.residual import ResidualNetwork


def test_a_recipe_with_other_settings_is_named_with_them() -> None:
    first, other = read_competitors(
        ["clothing-fast", "clothing-fast:batch_size=256,learning_rate=0.001"], ["epochs=2"]
    )

    assert (first.label, first.recipe.batch_size, first.recipe.epochs) == ("clothing-fast", 768, 2)
    assert other.label == "clothing-fast:batch_size=256,learning_rate=0.001"
    assert (other.recipe.batch_size, other.recipe.learning_rate) == (256, 0.001)
    assert other.recipe.epochs == 2


def test_values_may_have_commas() -> None:
    _, other = read_competitors(
        ["clothing-fast", "clothing-cnn:network.stages=4,8,epochs=1"],
    )

    assert isinstance(other.recipe.network, ResidualNetwork)
    assert (other.recipe.network.stages, other.recipe.epochs) == ((4, 8), 1)


def test_the_seed_is_the_number_of_the_split_and_another_one_for_a_recipe_named_again() -> None:
    first, other, again = read_competitors(
        ["clothing-fast", "clothing-cnn", "clothing-fast:batch_size=768"]
    )

    assert [each.on_split(7).seed for each in (first, other)] == [7, 7]
    assert again.label != first.label
    seeds = {each.on_split(number).seed for each in (first, again) for number in (1, 2, 3)}
    assert len(seeds) == 6


def test_a_recipe_of_ones_own_is_named_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from dataclasses import replace\n"
        "from training.recipes.clothing_fast import RECIPE as FAST\n"
        "RECIPE = replace(FAST, name='mine', epochs=7)\n"
    )

    _, mine = read_competitors(["clothing-fast", f"{file}:epochs=8"])

    assert (mine.label, mine.recipe.epochs) == ("mine:epochs=8", 8)


@pytest.mark.parametrize(
    ("references", "assignments", "message"),
    [
        (["clothing-fast"], [], "at least two"),
        (["clothing-fast", "nothing"], [], "there is no recipe 'nothing'"),
        (["clothing-fast", "clothing-fast:speed=1"], [], "has no setting 'speed'"),
        (["clothing-fast", "clothing-fast:epochs=many"], [], "epochs is a whole number"),
        (["clothing-fast", "clothing-cnn"], ["seed=3"], "seed has no effect"),
        (["clothing-fast", "clothing-cnn:seed=3"], [], "seed has no effect"),
        (["clothing-fast", "cats-dogs-cnn"], [], "are for different photos: dataset is"),
    ],
)
def test_wrong_use_is_one_line(references: list[str], assignments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_competitors(references, assignments)
