from dataclasses import replace

import pytest

from training.errors import UsageError
from training.networks.residual import ResidualNetwork
from training.overrides import hyperparameters, override, restored
from training.recipes import RECIPES

RECIPE = replace(
    RECIPES["clothing-cnn"],
    epochs=16,
    learning_rate=0.003,
    network=ResidualNetwork(stages=(48, 96), stage_strides=(1, 2), blocks=(1, 1)),
)


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("epochs=3", 3),
        ("learning_rate=1e-4", 0.0001),
        ("learning_rate=1", 1.0),
        ("optimizer=sgd", "sgd"),
        ("augmentation.flip=false", False),
        ("augmentation.shift=4", 4),
        ("network.stages=8,16", (8, 16)),
        ("seed=7", 7),
    ],
)
def test_a_hyperparameter_is_overridden_by_its_name(assignment: str, value: object) -> None:
    name = assignment.partition("=")[0]

    changed = hyperparameters(override(RECIPE, [assignment]))

    assert changed[name] == value
    assert type(changed[name]) is type(value)
    assert {**changed, name: hyperparameters(RECIPE)[name]} == hyperparameters(RECIPE)


def test_the_last_of_several_assignments_wins() -> None:
    assert override(RECIPE, ["epochs=3", "epochs=4"]).epochs == 4


@pytest.mark.parametrize("name", ["epoch", "network", "network.units", "name", "shape", ""])
def test_an_unknown_name_is_refused_with_the_known_ones(name: str) -> None:
    with pytest.raises(UsageError, match=f"no setting '{name}'; it has .*epochs, fit_size, "):
        override(RECIPE, [f"{name}=1"])


@pytest.mark.parametrize(
    ("assignment", "message"),
    [
        ("epochs", "--set takes name=value, not 'epochs'"),
        ("epochs=2.5", "epochs is a whole number (now 16), not '2.5'"),
        ("epochs=0", "epochs is at least 1, not 0"),
        ("learning_rate=fast", "learning_rate is a number (now 0.003), not 'fast'"),
        ("learning_rate=nan", "learning_rate is a number (now 0.003), not 'nan'"),
        ("learning_rate=-1", "learning_rate is at least 0, not -1.0"),
        ("optimizer=adamax", "optimizer is one of adam, adamw, sgd, not 'adamax'"),
        ("augmentation.flip=1", "augmentation.flip is true or false (now true), not '1'"),
        ("augmentation.crop_area=0", "augmentation.crop_area is above 0 and at most 1, not 0.0"),
        ("network.dropout=1", "network.dropout is at least 0 and below 1, not 1.0"),
        ("network.stages=8", "network.stages has 2 numbers (now 48,96), not '8'"),
        ("network.stages=8,0", "network.stages: each number is at least 1, not 0"),
        ("network.stages=8;16", "network.stages is whole numbers with commas (now 48,96), not"),
        ("seed=4294967296", "seed is at least 0 and below 4294967296, not 4294967296"),
    ],
)
def test_an_invalid_value_is_refused(assignment: str, message: str) -> None:
    with pytest.raises(UsageError) as raised:
        override(RECIPE, [assignment])

    assert str(raised.value).startswith(message)


def test_a_network_that_flattens_photos_has_a_fixed_size() -> None:
    with pytest.raises(UsageError, match="flattens its photos: its fit_size can only be 0"):
        override(RECIPES["clothing-dense128-adam"], ["fit_size=20"])


@pytest.mark.parametrize("side", [5, 8])
def test_patches_must_divide_the_photo(side: int) -> None:
    with pytest.raises(UsageError, match=f"network.side divides 28 and 28, which {side} does not"):
        override(RECIPES["clothing-fast"], [f"network.side={side}"])


@pytest.mark.parametrize(
    "assignment", ["momentum=1", "averaging=1", "steps_per_call=0", "network.side=0"]
)
def test_hyperparameters_of_fitting_have_a_range(assignment: str) -> None:
    with pytest.raises(UsageError, match=r" is at least "):
        override(RECIPES["clothing-fast"], [assignment])


def test_dependent_hyperparameters_are_overridden_together() -> None:
    with pytest.raises(UsageError, match="weight_decay has no effect with optimizer=adam"):
        override(RECIPE, ["optimizer=adam"])

    changed = override(RECIPE, ["optimizer=adam", "weight_decay=0"])
    assert (changed.optimizer, changed.weight_decay) == ("adam", 0.0)


def test_the_former_name_of_a_hyperparameter_is_accepted() -> None:
    pets = RECIPES["cats-dogs-cnn"]

    assert override(pets, ["split=2"]).split_seed == 2
    assert restored(pets, "cats-dogs", {"split": 3, "seed": 4}).split_seed == 3


def test_a_setting_that_a_run_did_not_have_yet_is_not_what_its_recipe_has_today() -> None:
    starter = RECIPES["clothing-starter"]
    recorded = hyperparameters(starter)
    assert recorded.pop("network.flip_averaging") is True

    before = restored(starter, "clothing", recorded)
    assert hyperparameters(before) == {**recorded, "network.flip_averaging": False}
