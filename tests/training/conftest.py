"""Tiny data sets in their published form, a tiny recipe, and the command line."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.idx import write_fashion_mnist
from training import report
from training.__main__ import main
from training.networks.residual import ResidualNetwork
from training.recipe import Recipe
from training.recipes import RECIPES

TINY = (
    "epochs=1",
    "batch_size=50",
    "network.stem=4",
    "network.stages=4,8",
    "precision=float32",
)
"""Overrides that make `clothing-cnn` a matter of seconds."""

CommandLine = Callable[..., int]


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the data, the cache and the working folder of whoever runs the tests out of them."""
    monkeypatch.delenv("PHOTOLABEL_DATA", raising=False)
    monkeypatch.setenv("PHOTOLABEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_floors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tiny networks, which hardly learn, be published."""
    for name, recipe in RECIPES.items():
        monkeypatch.setitem(RECIPES, name, replace(recipe, floor=0.0))


@pytest.fixture
def garments(tmp_path: Path) -> Path:
    """Return a folder with 200 + 50 drawn photos in the form of Fashion-MNIST."""
    folder = tmp_path / "garments"
    write_fashion_mnist(folder)
    return folder


def encoded(size: tuple[int, int], level: int) -> bytes:
    """Return a JPEG with a gradient around a gray level."""
    rows = np.linspace(0, 60, size[1])[:, None] + np.zeros(size[0])
    pixels = np.stack([rows + level] * 3, axis=-1).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Return a folder with `train.zip` in Kaggle's layout: 20 dark cats and 20 light dogs."""
    folder = tmp_path / "pets"
    folder.mkdir()
    with zipfile.ZipFile(folder / "train.zip", "w") as archive:
        archive.writestr("train/", b"")
        for number in range(20):
            archive.writestr(f"train/cat.{number}.jpg", encoded((40, 30), number))
            archive.writestr(f"train/dog.{number}.jpg", encoded((40, 30), 120 + number))
    return folder


@pytest.fixture
def tiny_recipe() -> Recipe:
    """Return `clothing-cnn` with one epoch of a network of hundreds of weights."""
    network = ResidualNetwork(
        stem=(4,), stem_strides=(2,), stages=(4, 8), stage_strides=(1, 2), blocks=(1, 1)
    )
    return replace(
        RECIPES["clothing-cnn"], network=network, epochs=1, batch_size=50, precision="float32"
    )


@pytest.fixture
def short_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw 4 photos instead of 24 into a report: `report/` tests which ones it shows."""
    for name in ("sample", "confident_mistakes"):
        monkeypatch.setattr(report, name, partial(getattr(report, name), count=4))


@pytest.fixture
def train(garments: Path, short_report: None) -> CommandLine:
    """Return the command line, with the arguments of a tiny run and more that a test adds."""

    def run(*arguments: str, recipe: str = "clothing-cnn") -> int:
        tiny = [word for assignment in TINY for word in ("--set", assignment)]
        return main(["run", recipe, "--data", str(garments), *tiny, *arguments])

    return run
