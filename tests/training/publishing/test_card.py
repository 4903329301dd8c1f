import numpy as np
import pytest

from training.data.datasets import DataSet, Split
from training.publishing.card import continued, model_card
from training.recipes import RECIPES


@pytest.mark.parametrize("split_seed", [None, 2])
def test_the_card_names_the_seed_of_photos_split_by_content(split_seed: int | None) -> None:
    split = Split(np.zeros((2, 4, 4, 3), np.uint8), np.array([0, 1]))
    data = DataSet("pets", ("cat", "dog"), "0123", split, split, split, split_seed=split_seed)

    card = model_card(RECIPES["cats-dogs-cnn"], data, {}, {}, {})

    assert card["data"].get("split_seed") == split_seed
    assert ("split_seed" in card["data"]) == (split_seed is not None)


def test_a_run_that_goes_on_elsewhere_has_the_hardware_of_both() -> None:
    gpu, cpu = {"hardware": {"device": "H200"}, "began": 1}, {"hardware": {"device": "CPU"}}
    began = continued({}, gpu)
    both = {**gpu, "continued_on": [cpu["hardware"]]}

    assert began == continued(began, gpu) == gpu
    assert continued(began, cpu) == both
    assert continued(continued(both, gpu), cpu) == both
