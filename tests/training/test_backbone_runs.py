"""The command line with backbone recipes: a narrow backbone, cut early, with random weights."""

import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.training.backbones import backbone_of, write_photos
from tests.training.file_server import Publisher, serving
from tests.training.keras_weights import NARROW_MOBILENET, mobilenet, write_keras_weights
from training.__main__ import main
from training.data.datasets import file_digest
from training.data.loaders.image_folders import load_image_folder
from training.recipes import RECIPES, recipe_named
from training.settings import BackboneNetwork

TINY = (
    "network.weights=random",
    "network.alpha=0.25",
    "network.cut=conv_pw_1_relu",
    "head.units=0",
    "head.dropout=0",
    "learning_rate=0.3",
    "epochs=3",
    "batch_size=8",
)


def run(recipe: str, folder: Path, *arguments: str, publish: bool = True) -> int:
    tiny = [word for assignment in TINY for word in ("--set", assignment)]
    command = ["run", recipe, "--data", str(folder), *tiny, *arguments]
    return main([*command, "--publish"] if publish else command)


def card(model: str) -> dict[str, object]:
    text = Path("models", model, "1", "assets.extra", "model_card.json").read_text("utf-8")
    found: dict[str, object] = json.loads(text)
    return found


def served(model: str, photos: np.ndarray) -> np.ndarray:
    signature = tf.saved_model.load(f"models/{model}/1").signatures["serving_default"]
    found: np.ndarray = signature(image=tf.constant(photos))["probabilities"].numpy()
    return found


@pytest.mark.integration
def test_photos_in_folders_become_a_published_model_that_classifies_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_photos(tmp_path / "flowers", {"роза": 20, "дикий мак": 20})

    assert run("images-mobilenet", folder, "--name", "flowers") == 0

    assert "published as models/flowers/1" in capsys.readouterr().out
    found = card("flowers")
    assert found["labels"] == ["дикий мак", "роза"]
    assert found["recipe"] == "images-mobilenet"
    data = load_image_folder(folder, "flowers", 1, "squash/1", (224, 224, 3), lambda *count: None)
    probabilities = served("flowers", data.test.photos[:])
    accuracy = (probabilities.argmax(axis=1) == data.test.classes).mean()
    metrics: dict[str, dict[str, float]] = found["metrics"]  # type: ignore[assignment]  # JSON.
    assert metrics["test"]["accuracy"] == pytest.approx(accuracy)
    assert accuracy > 0.8


@pytest.mark.integration
def test_upper_layers_are_fitted_after_the_head(pets: Path) -> None:
    tuned = ("--set", "fine_tuning.after=conv1_relu", "--set", "fine_tuning.head_epochs=1")

    assert run("cats-dogs-finetune", pets, *tuned, "--force") == 0

    assert card("cats-dogs")["input_shape"] == [180, 180, 3]


@pytest.mark.integration
def test_the_vgg16_recipe_is_exported_with_two_columns(pets: Path) -> None:
    tiny = ["--set", "network.weights=random", "--set", "epochs=1", "--set", "head.units=4"]
    small = ["--set", "network.cut=block1_conv1", "--set", "head.pooling=average"]
    small += ["--set", "network.alpha=0"]

    assert main(["run", "cats-dogs-vgg16", "--data", str(pets), *tiny, *small, "--publish"]) == 0

    probabilities = served("cats-dogs", np.zeros((2, 150, 150, 3), np.uint8))
    assert probabilities.shape == (2, 2)
    assert np.allclose(probabilities.sum(axis=1), 1)


@pytest.mark.integration
def test_the_model_card_names_a_weights_file_without_its_folder(tmp_path: Path) -> None:
    from training.overrides import override
    from training.recipes import recipe_named

    folder = write_photos(tmp_path / "shapes", {"a": 20, "b": 20})
    recipe = override(recipe_named("images-mobilenet"), TINY)
    layers = backbone_of(recipe).frozen.layers
    network = next(layer for layer in layers if isinstance(layer, keras.Model))
    network.save_weights(tmp_path / "own.weights.h5")

    words = ("--set", f"network.weights={tmp_path}/own.weights.h5", "--name", "shapes")
    assert run("images-mobilenet", folder, *words) == 0

    found: dict[str, Any] = card("shapes")
    assert found["parameters"]["network.weights"] == "own.weights.h5"
    assert found["weights"] == {
        "name": "own.weights.h5",
        "sha256": file_digest(tmp_path / "own.weights.h5"),
    }


@pytest.mark.integration
def test_with_an_empty_home_the_weights_that_keras_publishes_are_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_photos(tmp_path / "flowers", {"a": 20, "b": 20})
    file = tmp_path / "published" / NARROW_MOBILENET
    write_keras_weights(file, mobilenet(224, 0.25))
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("KERAS_HOME", "PHOTOLABEL_CACHE"):
        monkeypatch.delenv(name)

    words = ("--set", "network.weights=imagenet", "--name", "flowers")
    with serving(Publisher({file.name: file.read_bytes()})) as mirror:
        monkeypatch.setenv("PHOTOLABEL_MIRROR", mirror.url)
        assert run("images-mobilenet", folder, *words, "--force") == 0

    assert "published as models/flowers/1" in capsys.readouterr().out
    assert card("flowers")["weights"] == {"name": file.name, "sha256": file_digest(file)}
    (report,) = Path("runs").rglob("report.html")
    for said in (file.name, file_digest(file)):
        assert said in report.read_text("utf-8")


@pytest.mark.integration
@pytest.mark.parametrize("name", [*RECIPES, "images-vgg16", "images-resnet50"])
def test_a_recipe_says_in_one_line_what_it_lacks_and_where_that_is(
    name: str, tmp_path: Path, pets: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without data: which files or folder; with photos, but no weights: which file and its URL."""
    folder = write_photos(tmp_path / "flowers", {"a": 20, "b": 20})

    command = ["run", name, *(["--name", "flowers"] if name.startswith("images-") else [])]
    assert main(command) == 1
    lacking = [capsys.readouterr().err]
    if isinstance(recipe_named(name).network, BackboneNetwork):
        assert main([*command, "--data", str(pets if "cats" in name else folder)]) == 1
        lacking += [capsys.readouterr().err]
        assert re.search(r"no ImageNet weights of .* https://.*h5, .* put it at .*h5", lacking[-1])

    for message in lacking:
        assert message.startswith("error: ")
        assert message.count("\n") == 1
        assert re.search("https?://|--data", message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["cats-dogs-mobilenet", "--name", "pets"],
            "--name is for your own photos (--photos); cats-dogs-m",
        ),
        (["images-mobilenet", "--name", "a/b"], "a model's name has letters, digits and . _ - on"),
        (["images-mobilenet", "--name", ""], "a model's name has letters, digits and . _ - only"),
        (["images-mobilenet"], "images-mobilenet needs the name of the model, such as --name flo"),
        (["clothing-fast", "--force"], "--tolerance, --force and --model_config_file have no eff"),
        (["images-walnut"], "there is no recipe 'images-walnut'; there are "),
        (["images-resnet50", "--set", "head.units=x"], "head.units is a whole number (now 256), "),
        (["images-resnet50", "--set", "head.pooling=max"], "head.pooling is one of average, flat"),
        (["cats-dogs-mobilenet", "--set", "fit_size=99"], "cats-dogs-mobilenet fits to cached fe"),
    ],
)
def test_usage_errors_are_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert main(["run", *arguments]) == 2

    error = capsys.readouterr().err
    assert error.startswith(f"error: {message}")
    assert error.count("\n") == 1


@pytest.mark.integration
def test_without_data_the_error_says_what_to_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "images-mobilenet", "--name", "flowers"]) == 1
    assert (
        "no photos: name a folder that has a sub-folder for each class" in capsys.readouterr().err
    )


@pytest.mark.integration
def test_other_weights_in_the_same_file_are_another_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_photos(tmp_path / "flowers", {"a": 20, "b": 20})
    file = tmp_path / "low.weights.h5"
    words = ("--set", f"network.weights={file}", "--name", "flowers")
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        whole = keras.applications.MobileNet(
            (224, 224, 3), alpha=0.25, include_top=False, weights=None
        )
        cut = whole.get_layer("conv_pw_1_relu").output
        keras.Model(whole.input, cut).save_weights(file)
        assert run("images-mobilenet", folder, *words, publish=False) == 0

    assert "--fresh begins again" not in capsys.readouterr().out
    assert len(list(Path("runs/images-mobilenet").iterdir())) == 2
