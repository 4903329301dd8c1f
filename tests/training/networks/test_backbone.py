import importlib
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from serving.photos import prepare
from tests.training.backbones import SIDE, backbone_of, tiny, with_network
from training.errors import TrainingError
from training.networks.building import network_to_fit, network_to_serve
from training.recipes import RECIPES
from training.settings import BackboneNetwork, FineTuning, Head


def photos(count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8)


def mobilenet(alpha: float, cut: str = "") -> keras.Model:
    whole = keras.applications.MobileNet(
        input_shape=(SIDE, SIDE, 3), alpha=alpha, include_top=False, weights=None
    )
    return keras.Model(whole.input, whole.get_layer(cut).output) if cut else whole


def pooled(maps: np.ndarray) -> np.ndarray:
    """Return mean and mean square over the positions, `[batch, 2, channels]`."""
    return np.stack([each.mean(axis=(1, 2)) for each in (maps, np.square(maps))], axis=1)


@pytest.mark.parametrize("cut", ["", "conv_pw_3_relu"], ids=["whole", "cut"])
def test_weights_from_a_file_give_the_features_of_the_network_that_wrote_it(
    tmp_path: Path, cut: str
) -> None:
    original = mobilenet(0.25, cut)
    original.save_weights(tmp_path / "own.weights.h5")

    backbone = backbone_of(with_network(tiny(), cut=cut, weights="own.weights.h5"), tmp_path)

    expected = pooled(original.predict_on_batch(photos() / np.float32(127.5) - 1))
    assert np.allclose(backbone.frozen.predict_on_batch(photos()), expected, atol=1e-5)


def test_weights_of_the_whole_network_load_into_one_that_is_cut(tmp_path: Path) -> None:
    original = mobilenet(0.25)
    original.save_weights(tmp_path / "own.weights.h5")

    backbone = backbone_of(with_network(tiny(), weights=str(tmp_path / "own.weights.h5")), None)

    cut = keras.Model(original.input, original.get_layer("conv_pw_3_relu").output)
    expected = pooled(cut.predict_on_batch(photos() / np.float32(127.5) - 1))
    assert np.allclose(backbone.frozen.predict_on_batch(photos()), expected, atol=1e-5)


def test_weights_of_another_network_are_refused_naming_layer_and_shapes(tmp_path: Path) -> None:
    mobilenet(0.5).save_weights(tmp_path / "own.weights.h5")

    with pytest.raises(TrainingError) as raised:
        backbone_of(with_network(tiny(), weights="own.weights.h5"), tmp_path)

    for part in ("own.weights.h5 does not hold weights of MobileNet", "conv", "(3, 3, 3, 8)"):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weights": "none.h5"}, "no weights: there is no none.h5 in "),
        ({"backbone": "MobileNetV9"}, "Keras has no network 'MobileNetV9'; it has ConvNeXtBase, "),
        (
            {"cut": "conv_pw_33"},
            "network.cut: mobilenet_0.25_32 has no layer 'conv_pw_33'; similar ones",
        ),
        ({"backbone": "VGG16"}, "VGG16 can't be built: "),
        ({"backbone": "InceptionV3", "alpha": 0.0}, "InceptionV3 can't be built: Input size must "),
    ],
    ids=["file", "backbone", "cut", "alpha", "size"],
)
def test_an_invalid_backbone_is_reported(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(TrainingError) as raised:
        backbone_of(with_network(tiny(), **changes), tmp_path)

    assert str(raised.value).startswith(message)


@pytest.mark.parametrize("backbone", ["MobileNet", "VGG16"])
def test_pixels_are_scaled_like_the_backbones_own_preprocessing(backbone: str) -> None:
    network = BackboneNetwork(backbone, weights="random", scaling="own")
    frozen = backbone_of(replace(tiny(), network=network), None).frozen

    scaled = keras.Model(frozen.input, frozen.get_layer("scale").output)

    module = importlib.import_module(f"keras.applications.{backbone.lower()}")
    expected = module.preprocess_input(photos().astype(np.float32))
    assert np.allclose(scaled.predict_on_batch(photos()), expected, atol=1e-4)


def test_scaling_255_divides_by_255() -> None:
    frozen = backbone_of(with_network(tiny(), scaling="255"), None).frozen

    scaled = keras.Model(frozen.input, frozen.get_layer("scale").output)

    assert np.allclose(scaled.predict_on_batch(photos()), photos() / 255, atol=1e-6)


@pytest.mark.parametrize(
    ("fine_tuning", "head"),
    [
        (None, Head()),
        (None, Head(pooling="flatten", units=0)),
        (None, Head(units=4, layers=3)),
        (None, Head(pooling="flatten", units=4, output="sigmoid")),
        (FineTuning("conv_pw_2_relu"), Head(units=4)),
        (FineTuning("conv_pw_2_relu"), Head(pooling="flatten", units=4, output="sigmoid")),
    ],
    ids=["average", "flatten", "layers", "sigmoid", "tuned", "tuned-flatten-sigmoid"],
)
def test_the_served_network_predicts_from_photos_what_the_fitted_one_predicts_from_features(
    fine_tuning: FineTuning | None, head: Head, tmp_path: Path
) -> None:
    recipe = replace(tiny(fine_tuning), head=head)
    backbone = backbone_of(recipe)
    fitted = network_to_fit(recipe, 2, backbone)
    fitted.set_weights([weight + 0.01 for weight in fitted.get_weights()])

    served = network_to_serve(recipe, fitted, backbone)

    expected = fitted.predict_on_batch(backbone.frozen.predict_on_batch(photos()))
    found = served.predict_on_batch(photos())
    assert (found.shape, found.dtype) == ((3, 2), np.float32)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(found, expected, atol=1e-5)
    served.save(tmp_path / "kept.keras")
    kept = keras.models.load_model(tmp_path / "kept.keras", compile=False)
    assert np.allclose(kept.predict_on_batch(photos()), expected, atol=1e-5)


def test_a_sigmoid_output_needs_two_classes() -> None:
    recipe = tiny(output="sigmoid")

    with pytest.raises(TrainingError, match="is for 2 classes, and the data has 3"):
        network_to_fit(recipe, 3)


def test_fine_tuning_fits_the_layers_above_except_normalisation() -> None:
    recipe = tiny(FineTuning("conv_pw_2_relu"))
    fitted = network_to_fit(recipe, 2)

    names = {variable.path.rpartition("/")[0] for variable in fitted.trainable_variables}

    assert names == {"conv_dw_3", "conv_pw_3", "hidden", "probabilities"}


def test_a_backbone_is_split_only_between_blocks() -> None:
    network = BackboneNetwork("ResNet50V2", weights="random", scaling="own")
    recipe = replace(tiny(FineTuning("conv4_block2_1_relu")), network=network)

    with pytest.raises(TrainingError, match="ResNet50V2 can't be divided after 'conv4_block2_1"):
        backbone_of(recipe)


def test_the_digest_depends_on_weights_scaling_and_cut() -> None:
    recipes = [
        tiny(),
        with_network(tiny(), scaling="255"),
        with_network(tiny(), cut="conv_pw_2_relu"),
        replace(tiny(), seed=2),
    ]

    digests = [backbone_of(recipe).digest for recipe in (*recipes, tiny())]

    assert len(set(digests)) == len(recipes)
    assert digests[-1] == digests[0]


def test_pretrained_features_separate_cats_from_dogs(data_sets: Path) -> None:
    """Most photos are nearer to the mean of 20 others of their kind than of the other kind."""
    recipe = RECIPES["cats-dogs-mobilenet"]
    with zipfile.ZipFile(data_sets / "dogs-vs-cats" / "train.zip") as archive:
        encoded = [
            archive.read(f"train/{kind}.{number}.jpg")
            for kind in ("cat", "dog")
            for number in range(40)
        ]
    pixels = np.stack([prepare(photo, recipe.preparation, recipe.shape) for photo in encoded])

    found = backbone_of(recipe, data_sets).frozen.predict_on_batch(pixels)
    features = found[:, 0].reshape(2, 40, -1)

    means = features[:, :20].mean(axis=1)
    offsets = features[:, 20:, None] - means
    nearest = (offsets**2).sum(axis=-1).argmin(axis=-1)
    assert (nearest == [[0], [1]]).mean() > 0.85
