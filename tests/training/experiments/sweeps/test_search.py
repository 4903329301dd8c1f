import pytest

from training.errors import UsageError
from training.experiments.queue import Choices, Range
from training.experiments.sweeps.search import assignments, read_space
from training.recipes import RECIPES

RECIPE = RECIPES["clothing-dense128-adam"]


def test_a_range_has_the_type_of_its_setting() -> None:
    texts = ["learning_rate=1e-4..1e-2:log", "network.units=16..64", "optimizer=adam,adamw"]
    assert read_space(RECIPE, texts) == {
        "learning_rate": Range(1e-4, 1e-2, log=True),
        "network.units": Range(16, 64, whole=True),
        "optimizer": Choices(("adam", "adamw")),
    }


def test_decimal_points_and_the_dots_of_a_range_are_not_mixed_up() -> None:
    space = read_space(RECIPE, ["learning_rate=0.001..0.1:log", "label_smoothing=0..0.2"])
    assert space["learning_rate"] == Range(0.001, 0.1, log=True)
    assert space["label_smoothing"] == Range(0, 0.2)


def test_drawn_values_become_settings() -> None:
    params = {"network.units": 32, "learning_rate": 0.01, "optimizer": "adamw"}
    assert assignments(params) == ["network.units=32", "learning_rate=0.01", "optimizer=adamw"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("learning_rate", "--search takes name=low..high"),
        ("speed=1..2", "has no setting 'speed'"),
        ("learning_rate=fast..slow", "--search takes name=low..high"),
        ("learning_rate=0.1..0.01", "a range has low < high"),
        ("learning_rate=0..0.1:log", "a range has 0 < low < high"),
        ("learning_rate=1e-4..1e-2:linear", "--search takes name=low..high"),
        ("network.units=1.5..3", "network.units is a whole number"),
        ("network.units=0..64", "units is at least 1, not 0"),
        ("optimizer=adam..sgd", "optimizer is no number"),
        ("optimizer=adam,rmsprop", "optimizer is one of adam, adamw, sgd"),
        ("optimizer=adam,adam", "each value is named once"),
    ],
)
def test_a_wrong_search_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said.replace("..", r"\.\.")):
        read_space(RECIPE, [text])


def test_a_setting_has_one_range() -> None:
    with pytest.raises(UsageError, match="is given twice"):
        read_space(RECIPE, ["epochs=1..2", "epochs=3..4"])
