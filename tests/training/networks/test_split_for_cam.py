"""A network split into parts, which together compute the same."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from training.networks.building import network_to_fit, network_to_serve
from training.networks.dense import DenseNetwork
from training.networks.residual import ResidualNetwork
from training.networks.split_for_cam import split_for_cam
from training.recipe import Recipe
from training.settings import Augmentation, BackboneNetwork, FineTuning, Head

MOBILE = {
    "network": BackboneNetwork(backbone="MobileNetV2", weights="random", alpha=0.35),
    "shape": (96, 96, 3),
    "head": Head(pooling="average", units=4),
    "augmentation": Augmentation(),
}
CONVNEXT = {
    **MOBILE,
    "network": BackboneNetwork("ConvNeXtTiny", "convnext_tiny_stage_1_block_0_identity", "random"),
}
CASES: dict[str, tuple[dict[str, Any], tuple[int, int]]] = {
    "dense": ({"network": DenseNetwork(4)}, (28, 28)),
    "dense, two layers": ({"network": DenseNetwork(4, second_units=3, scaled=False)}, (28, 28)),
    "residual": ({"network": ResidualNetwork((4,), (1,), (4, 8), (2, 2), (1, 1))}, (14, 14)),
    "small": ({"network": ResidualNetwork((4,), (2,), (4,), (2,), (1,))}, (14, 14)),
    "averaged": (
        {"network": ResidualNetwork((4,), (1,), (4, 8), (2, 2), (1, 1), flip_averaging=True)},
        (14, 14),
    ),
    "backbone": (MOBILE, (12, 12)),
    "networks within": (CONVNEXT, (12, 12)),
    "fine-tuned": ({**MOBILE, "fine_tuning": FineTuning(after="block_2_add")}, (12, 12)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_parts_compute_the_whole_and_meet_at_a_fine_map(case: str, tiny_recipe: Recipe) -> None:
    changes, size = CASES[case]
    recipe = replace(tiny_recipe, **changes)
    network = network_to_serve(recipe, network_to_fit(recipe, 3))
    photos = np.random.default_rng(0).integers(0, 256, (2, *recipe.shape), np.uint8)

    parts = split_for_cam(network)
    assert parts.below.output_shape[1:3] == size
    together = parts.last(parts.above(parts.below(photos, training=False), training=False))
    np.testing.assert_allclose(together, network(photos, training=False), atol=1e-5)
