"""Recipes, settings and photos as they are named in Python."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from training.errors import UsageError
from training.networks.dense import DenseNetwork
from training.python_api.chosen_recipe import Photos, chosen_recipe
from training.recipes import RECIPES
from training.settings import settings


def test_settings_are_values_of_python() -> None:
    given = {"epochs": 3, "learning_rate": 1e-4, "augmentation.flip": False, "network.stem": [4]}

    recipe = chosen_recipe("clothing-cnn", Photos(), given | {"network.stem_strides": (2,)}, seed=7)

    assert (recipe.epochs, recipe.learning_rate, recipe.seed) == (3, 1e-4, 7)
    assert recipe.network.stem == (4,)  # type: ignore[union-attr]


def test_photos_of_ones_own_name_the_model(tmp_path: Path) -> None:
    folder = tmp_path / "My flowers"
    folder.mkdir()

    recipe = chosen_recipe("clothing-cnn", Photos(str(folder), shape=(96, 96, 3)))
    named = chosen_recipe(recipe, Photos(folder, model="roses"))
    by_data = chosen_recipe("images-mobilenet", Photos(data=folder))

    assert (recipe.model, recipe.shape, recipe.preparation) == (
        "My-flowers",
        (96, 96, 3),
        "squash/1",
    )
    assert (named.model, by_data.model) == ("roses", "My-flowers")


@pytest.mark.parametrize(
    ("photos", "given", "message"),
    [
        (Photos(shape=(8, 8, 3)), {}, "give photos too"),
        (Photos(".", "."), {}, "photos and data can't be combined"),
        (Photos("nowhere"), {}, "the folder of photos nowhere does not exist"),
        (Photos(model="x"), {}, "model is for your own photos"),
        (Photos(), {"epoch": 3}, "has no setting 'epoch'"),
        (Photos(), {"epochs": "many"}, "epochs is a whole number"),
        (Photos(), {"epochs": None}, "epochs is a whole number"),
        (Photos(), {"epochs": 0}, "epochs"),
    ],
)
def test_what_is_wrong_is_refused(photos: Photos, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        chosen_recipe("clothing-cnn", photos, given)


def test_any_photos_need_a_name() -> None:
    with pytest.raises(UsageError, match="needs the name of the model"):
        chosen_recipe("images-mobilenet", Photos())


@settings
class OwnNetwork(DenseNetwork):
    """A network of a notebook."""


def test_code_of_a_notebook_tells_runs_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(RECIPES["clothing-dense128-adam"], network=OwnNetwork(units=8))
    first = chosen_recipe(recipe, Photos())
    assert first == chosen_recipe(recipe, Photos())
    assert not chosen_recipe(RECIPES["clothing-fast"], Photos()).file_digest

    source = "@settings\nclass OwnNetwork(DenseNetwork):\n    changed = True\n"
    monkeypatch.setattr("inspect.getsource", lambda _: source)

    assert chosen_recipe(recipe, Photos()).file_digest != first.file_digest


def test_code_without_a_source_is_refused() -> None:
    space: dict[str, Any] = {"DenseNetwork": DenseNetwork, "settings": settings}
    exec("class Hidden(DenseNetwork):\n    pass", space)  # As at Python's prompt.
    recipe = replace(RECIPES["clothing-dense128-adam"], network=space["Hidden"](units=8))

    with pytest.raises(UsageError, match="put it into the file of a recipe"):
        chosen_recipe(recipe, Photos())
