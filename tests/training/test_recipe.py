"""Recipes are validated when they are created."""

from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest

from training.errors import UsageError
from training.networks.dense import DenseNetwork
from training.networks.residual import ResidualNetwork
from training.recipe import Recipe
from training.recipes import RECIPES
from training.settings import Augmentation, BackboneNetwork, FineTuning, Head, Snapshots

ADAM = RECIPES["clothing-dense128-adam"]
CNN = RECIPES["clothing-cnn"]
FROZEN = RECIPES["cats-dogs-mobilenet"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"optimizer": "rmsprop"}, "optimizer is one of adam, adamw, sgd, not 'rmsprop'"),
        ({"schedule": "linear"}, "schedule is one of constant, cosine, warmup-"),
        ({"epochs": "3"}, "epochs is a whole number, not '3'"),
        ({"epochs": True}, "epochs is a whole number, not True"),
        ({"learning_rate": float("nan")}, "learning_rate is a number, not nan"),
        ({"held_out": 1}, "held_out is at least 0 and below 1, not 1"),
        ({"seed": 2**32}, "seed is at least 0 and below 4294967296, not 4294967296"),
        ({"network": "dense"}, "network is an instance of Network, not 'dense'"),
        ({"head": "dense"}, "head is an instance of Head, not 'dense'"),
        ({"shape": (28, 28)}, "shape: "),
        ({"shape": (28, 0, 1)}, "shape: each number is at least 1, not 0"),
    ],
)
def test_an_invalid_value_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError) as raised:
        replace(CNN, **changes)

    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("recipe", "changes", "message"),
    [
        (ADAM, {"weight_decay": 0.1}, "weight_decay has no effect with optimizer=adam"),
        (ADAM, {"momentum": 0.9}, "momentum has no effect with optimizer=adam: take sgd"),
        (CNN, {"momentum": 0.9}, "momentum has no effect with optimizer=adamw: take sgd"),
        (ADAM, {"warmup_epochs": 1.0}, "warmup_epochs has no effect with schedule=constant"),
        (ADAM, {"decay_share": 0.1}, "decay_share has no effect with schedule=constant: take w"),
        (CNN, {"decay_share": 0.1}, "decay_share has no effect with schedule=cosine: take warmup"),
        (ADAM, {"head": Head()}, "head has no effect: it is for a BackboneNetwork"),
        (CNN, {"fine_tuning": FineTuning()}, "fine_tuning has no effect: it is for a Backbone"),
        (ADAM, {"fit_size": 20}, "flattens its photos: its fit_size can only be 0"),
        (FROZEN, {"fit_size": 20}, "fits to cached features: its fit_size can only be 0"),
        (FROZEN, {"head": None}, "head is missing: a BackboneNetwork needs one"),
        (
            FROZEN,
            {"augmentation": Augmentation(flip=True)},
            "augmentation has no effect on a frozen backbone without variations",
        ),
        (
            FROZEN,
            {"network": BackboneNetwork(varied=2)},
            "network.varied has no effect without augmentation",
        ),
        (
            FROZEN,
            {"shape": (180, 180, 1), "snapshots": Snapshots()},
            "snapshots have no effect on a backbone",
        ),
        (FROZEN, {"snapshots": Snapshots()}, "snapshots are made of gray photos"),
    ],
)
def test_a_setting_without_effect_is_refused(
    recipe: Recipe, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        replace(recipe, **changes)


def test_the_same_settings_are_accepted_where_they_have_an_effect() -> None:
    replace(ADAM, optimizer="adamw", weight_decay=0.1)
    replace(ADAM, optimizer="sgd", weight_decay=0.1, momentum=0.9)
    replace(ADAM, schedule="cosine", warmup_epochs=1.0)
    replace(ADAM, schedule="warmup-stable-decay", warmup_epochs=1.0, decay_share=0.5)
    replace(CNN, fit_size=20)
    varied = replace(
        FROZEN, network=BackboneNetwork(varied=2), augmentation=Augmentation(flip=True)
    )
    replace(varied, fine_tuning=FineTuning())


def test_unknown_and_missing_settings_are_named() -> None:
    with pytest.raises(
        UsageError,
        match=r"unit: DenseNetwork has no such setting; it has units, second_units, scaled$",
    ):
        DenseNetwork(unit=3)  # type: ignore[call-arg]  # On purpose.
    with pytest.raises(UsageError, match=r"^model: "):
        Recipe(name="mine")  # type: ignore[call-arg]  # On purpose.


def test_each_stage_needs_its_own_values() -> None:
    with pytest.raises(UsageError, match="blocks has one number for each of stages, 2"):
        ResidualNetwork(stages=(4, 8), stage_strides=(1, 2), blocks=(1,))
    with pytest.raises(UsageError, match="stem_strides has one number for each of stem, 1"):
        ResidualNetwork(stem=(4,))


def test_layers_of_a_head_need_units() -> None:
    Head(units=0)
    with pytest.raises(UsageError, match="layers has no effect with units=0: set units, or layers"):
        Head(units=0, layers=2)


def test_a_recipe_is_immutable() -> None:
    with pytest.raises(FrozenInstanceError):
        ADAM.epochs = 3  # type: ignore[misc]  # On purpose.
