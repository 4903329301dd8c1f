"""Photos and backbones that many recipes share in one process."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.backbones import write_photos
from training.overrides import override
from training.pipeline.loaded_data import KeptData
from training.recipe import Recipe
from training.recipes import RECIPES


def recipe(*assignments: str) -> Recipe:
    tiny = ("network.weights=random", "network.alpha=0.25", "network.cut=conv_pw_1_relu")
    return override(RECIPES["images-mobilenet"], [*tiny, *assignments])


@pytest.mark.integration
def test_recipes_share_photos_and_backbones_where_these_are_the_same(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "shapes", {"a": 20, "b": 20})
    kept, console = KeptData(), Console(file=io.StringIO())

    first = kept(recipe(), folder, console)
    others = {
        each: kept(recipe(each), folder, console)
        for each in ("head.units=8", "head.pooling=flatten", "seed=2", "network.cut=conv_pw_2_relu")
    }

    assert all(other.training is first.training for other in others.values())
    shapes = {name: other.backbone.frozen.output_shape for name, other in others.items()}
    assert shapes == {
        "head.units=8": (None, 2, 16),
        "head.pooling=flatten": (None, 112, 112, 16),
        "seed=2": (None, 2, 16),
        "network.cut=conv_pw_2_relu": (None, 2, 32),
    }
    digests = {name: other.backbone.digest for name, other in others.items()}
    assert first.backbone
    assert digests["head.units=8"] == first.backbone.digest
    assert digests["seed=2"] != first.backbone.digest  # Other random weights.

    split = kept(recipe("split_seed=2"), folder, console)
    assert split.training.classes.tolist() != first.training.classes.tolist()
