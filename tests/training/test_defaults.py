"""`run` on a machine that has no data: which recipe it chooses, what it downloads."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.backbones import backbone_of
from tests.training.conftest import pet_images, zipped
from tests.training.file_server import Publisher, serving
from training.__main__ import main
from training.commands import run
from training.data.loaders import cats_dogs
from training.recipe import Recipe
from training.recipes import DEFAULTS, RECIPES, STARTER_RECIPES
from training.settings import BackboneNetwork


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch) -> list[Recipe]:
    """Return the recipes that `run` chooses, which are not trained."""
    chosen: list[Recipe] = []

    def train(recipes: list[Recipe], *_: object) -> list[None]:
        chosen.extend(recipes)
        return [None for _ in recipes]

    monkeypatch.setattr(run, "train", train)
    return chosen


def use_gpus(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    monkeypatch.setattr("training.backends.tensorflow_backend.gpus", lambda: list(names))
    monkeypatch.setattr("training.fitting.devices._nvidia_gpus", lambda: bool(names))


@pytest.mark.parametrize("model", DEFAULTS)
@pytest.mark.parametrize(
    ("device", "gpus", "where"),
    [
        ("auto", [], "without"),
        ("auto", ["NVIDIA H200"], "with"),
        ("gpu", ["NVIDIA H200", "NVIDIA H200"], "with"),
        ("cpu", ["NVIDIA H200"], "without"),
    ],
)
def test_the_default_recipe_is_for_the_devices_in_use(
    model: str,
    device: str,
    gpus: list[str],
    where: str,
    chosen: list[Recipe],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use_gpus(monkeypatch, *gpus)
    default = DEFAULTS[model]
    name = default.cpu if where == "without" else default.gpu

    assert main(["run", "--default-of", model, "--device", device]) == 0

    assert [recipe.name for recipe in chosen] == [name]
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith(f"{name}, the default for {model} {where} a GPU: ")
    assert RECIPES[name].expected in first
    assert "make train RECIPE=" in first


def test_without_the_gpu_that_is_asked_for_no_recipe_is_chosen(
    chosen: list[Recipe], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use_gpus(monkeypatch)

    assert main(["run", "--default-of", "clothing", "--device", "gpu"]) == 1
    assert "TensorFlow sees no GPU" in capsys.readouterr().err
    assert not chosen


def test_the_first_line_says_what_a_named_recipe_takes(
    chosen: list[Recipe], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "clothing-fast"]) == 0
    assert capsys.readouterr().out == "clothing-fast: 89.1% (mean of 3 seeds) in 4 s on 2 cores\n"


def test_default_recipes_are_of_their_model_and_for_its_photos() -> None:
    for model, default in DEFAULTS.items():
        names = {default.cpu, default.gpu, STARTER_RECIPES[model]}
        recipes = [RECIPES[name] for name in names]
        assert {recipe.model for recipe in recipes} == {model}
        assert len({recipe.dataset for recipe in recipes}) == 1
        assert len({recipe.preparation for recipe in recipes}) == 1
        assert "for a GPU" in RECIPES[default.gpu].what


@pytest.mark.integration
def test_default_recipes_name_layers_that_their_backbone_has() -> None:
    names = {name for default in DEFAULTS.values() for name in (default.cpu, default.gpu)}
    for recipe in map(RECIPES.__getitem__, names):
        if isinstance(recipe.network, BackboneNetwork):
            untrained = replace(recipe.network, weights="random")
            small = replace(recipe, network=untrained, shape=(32, 32, 3))
            assert backbone_of(small).upper is not None


@pytest.mark.integration
def test_a_machine_without_data_downloads_trains_and_publishes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = zipped(pet_images())
    known = replace(
        cats_dogs.ARCHIVE, size=len(archive), sha256=hashlib.sha256(archive).hexdigest()
    )
    monkeypatch.setattr(cats_dogs, "ARCHIVE", known)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PHOTOLABEL_CACHE")
    tiny = ("network.weights=random", "network.cut=conv_pw_1_relu", "network.alpha=0.25")
    small = ("epochs=1", "head.units=4")
    settings = [word for assignment in (*tiny, *small) for word in ("--set", assignment)]

    with serving(Publisher({known.name: archive}, tears=[1000, 2000, 0])) as publisher:
        monkeypatch.setenv("PHOTOLABEL_MIRROR", publisher.url)
        assert main(["run", "cats-dogs-mobilenet", *settings, "--publish", "--device", "cpu"]) == 0

    out = capsys.readouterr().out
    assert f"downloading {publisher.url}/{known.name} into {tmp_path}/home/.cache/photolabel" in out
    assert "left out: PetImages/Cat/666.jpg" in out
    card = json.loads(Path("models/cats-dogs/1/assets.extra/model_card.json").read_text())
    assert sum(card["data"][split] for split in ("training", "validation", "test")) == 40
