import re
import shlex
from dataclasses import replace
from urllib.parse import quote

import pytest

from training.overrides import override
from training.recipe import Recipe
from training.recipes import RECIPES, recipe_named
from training.runs.names import run_label

CNN = RECIPES["clothing-cnn"]
MOBILENET = recipe_named("images-mobilenet")


@pytest.mark.parametrize(
    ("own", "assignments", "label"),
    [
        (CNN, [], ""),
        (CNN, ["epochs=5", "seed=3"], "epochs=5_seed=3"),
        (CNN, ["network.stages=4,8", "augmentation.flip=false"], None),
        (CNN, ["epochs=24", "seed=1"], ""),
        (MOBILENET, ["learning_rate=1e-05"], "learning_rate=1e-05"),
        (
            MOBILENET,
            ["network.weights=/data/my weights (1).h5"],
            "network.weights=my-weights--1-.h5",
        ),
    ],
)
def test_a_label_has_the_settings_that_differ_from_the_recipe(
    own: Recipe, assignments: list[str], label: str | None
) -> None:
    found = run_label(override(own, assignments), own)

    assert label is None or found == label
    assert shlex.quote(f"x{found}") == f"x{found}"
    assert quote(found, safe="=,") == found


def test_a_label_names_a_model_that_is_not_the_recipes_own() -> None:
    named = replace(MOBILENET, model="flowers")

    assert run_label(named, MOBILENET) == "flowers"
    assert run_label(override(named, ["seed=2"]), MOBILENET) == "flowers_seed=2"


def test_a_label_is_short_however_much_has_changed() -> None:
    assignments = ["learning_rate=0.0123456789", "batch_size=123", "epochs=9", "seed=4000000000"]
    everything = override(CNN, [*assignments, "split=7", "label_smoothing=0.1", "averaging=0.9"])

    found = run_label(replace(everything, model="m" * 64), CNN)

    assert re.search(r"_epochs=9_.*_\d-more$", found)
    assert len(found) < 64 + 1 + 60 + 10


def test_a_single_long_setting_is_counted() -> None:
    long = override(MOBILENET, [f"network.weights={'w' * 99}.h5"])

    assert run_label(long, MOBILENET) == "1-more"
