"""Layers as they are served, with hand-counted operations."""

from dataclasses import replace

import keras
import pytest

from tests.training.backbones import tiny, with_network
from training.errors import TrainingError
from training.networks.backbone import untrained_backbone
from training.networks.dense import DenseNetwork
from training.networks.description import backbone_layers, describe
from training.networks.residual import ResidualNetwork
from training.recipe import Recipe
from training.recipes import RECIPES
from training.settings import FineTuning

DENSE = replace(RECIPES["clothing-dense128-adam"], network=DenseNetwork(8, second_units=4))


def test_dense_layers_have_a_multiply_add_for_each_weight_of_the_kernel() -> None:
    facts = describe(DENSE, 10)

    assert [(layer.name, layer.kind, layer.output) for layer in facts.layers] == [
        ("scale", "Rescaling", (28, 28, 1)),
        ("flatten", "Flatten", (784,)),
        ("hidden", "Dense", (8,)),
        ("hidden2", "Dense", (4,)),
        ("probabilities", "Dense", (10,)),
    ]
    assert [layer.parameters for layer in facts.layers] == [0, 0, 784 * 8 + 8, 36, 50]
    assert facts.multiply_adds == 784 * 8 + 8 * 4 + 4 * 10
    assert facts.fitted == facts.parameters
    assert not facts.folded


def test_convolutions_have_them_at_each_position(tiny_recipe: Recipe) -> None:
    network = ResidualNetwork(
        stem=(4,), stem_strides=(2,), stages=(8,), stage_strides=(2,), blocks=(1,)
    )

    facts = describe(replace(tiny_recipe, network=network), 10)

    found = {layer.name: layer.multiply_adds for layer in facts.layers if layer.multiply_adds}
    assert found == {
        "stem0": 14 * 14 * 9 * 4,
        "stage0": 7 * 7 * 9 * 4 * 8,
        "stage0_block0_first": 7 * 7 * 9 * 8 * 8,
        "stage0_block0_second": 7 * 7 * 9 * 8 * 8,
        "probabilities": 80,
    }
    assert facts.folded
    # Fitted with two weights a channel for the normalisation, served with one.
    assert facts.fitted == facts.parameters + 4 + 3 * 8


def test_depthwise_kernels_see_one_channel() -> None:
    facts = describe(tiny(FineTuning("conv_pw_2_relu"), units=0), 2)

    layers = {layer.name: layer for layer in facts.layers}
    assert layers["conv_dw_1"].multiply_adds == 16 * 16 * 9 * 8
    assert layers["conv_pw_1"].multiply_adds == 16 * 16 * 8 * 16
    assert layers["probabilities"].output == (2,)
    assert facts.fitted == 9 * 32 + 32 * 32 + 32 * 2 + 2


@pytest.mark.parametrize(
    "recipe",
    [
        tiny(FineTuning("conv_pw_2_relu")),
        with_network(tiny(), backbone="MobileNetV2", cut="block_3_expand", alpha=0.35),
    ],
    ids=["sequence", "shortcuts"],
)
def test_a_backbone_can_be_divided_where_it_says(recipe: Recipe) -> None:
    layers = backbone_layers(recipe)
    names = [layer.name for layer in layers]
    cut = names.index(recipe.network.cut)  # type: ignore[union-attr]
    assert not any(layer.divides for layer in layers[cut:])

    for layer in layers[3:cut:6]:
        tuned = replace(recipe, fine_tuning=FineTuning(layer.name))
        if layer.divides:
            assert untrained_backbone(tuned).upper is not None
        else:
            with pytest.raises(TrainingError, match="can't be divided"):
                untrained_backbone(tuned)


def test_every_layer_of_a_backbone_is_named_also_above_the_cut() -> None:
    whole = keras.applications.MobileNet((32, 32, 3), 0.25, include_top=False, weights=None)

    names = [layer.name for layer in backbone_layers(tiny())]

    assert names == [layer.name for layer in whole.layers[1:]]
    assert backbone_layers(DENSE) == []
