"""Tiny data sets in their published form, a tiny recipe, and the command line."""

import io
import resource
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.idx import write_fashion_mnist
from training import report
from training.__main__ import main
from training.experiments.report import plots
from training.networks.residual import ResidualNetwork
from training.recipe import Recipe
from training.recipes import RECIPES
from training.report import pictures, reliability

TINY = (
    "epochs=1",
    "batch_size=50",
    "network.stem=4",
    "network.stages=4,8",
    "network.blocks=0,0",
    "precision=float32",
    *("optimizer=sgd", "momentum=0.9"),
)
"""Overrides with which `clothing-cnn` trains in seconds, with few operations in its graphs."""

CommandLine = Callable[..., int]


@pytest.fixture(autouse=True)
def isolated_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Isolate the tests from the user's data, cache, working folder, and the network."""
    monkeypatch.delenv("PHOTOLABEL_DATA", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)  # Set by pytest-xdist.
    monkeypatch.setenv("PHOTOLABEL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("PHOTOLABEL_MIRROR", "http://127.0.0.1:9")  # Where nothing listens.
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr("training.downloads.http_transfer.BACKOFF", 0.0)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def no_determinism_left() -> Iterator[None]:
    """Switch off what `--deterministic` switches on for the whole process."""
    yield
    if "tensorflow" in sys.modules:
        from tensorflow.python.framework.config import disable_op_determinism

        disable_op_determinism()


@pytest.fixture(autouse=True)
def no_floors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the gate pass models that are no better than a constant: tiny networks hardly learn."""
    monkeypatch.setattr("training.publishing.gate_policy.LEAST_ADVANTAGE", -2.0)
    for name, recipe in RECIPES.items():
        monkeypatch.setitem(RECIPES, name, replace(recipe, floor=0.0))


@pytest.fixture(autouse=True)
def few_unknowns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at 20 instead of 200 photos each of noise and of blanks after each run."""
    monkeypatch.setattr("training.trust.ood_datasets._SYNTHETIC", 20)


@pytest.fixture
def garments(tmp_path: Path) -> Path:
    """Return a folder with 200 + 50 drawn photos in the files of Fashion-MNIST."""
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


def pet_images() -> dict[str, bytes]:
    """Return the members of an archive as Microsoft's: 20 cats and dogs, and two damaged photos."""
    photos = {
        f"PetImages/{kind}/{number}.jpg": encoded((40, 30), level + number)
        for kind, level in (("Cat", 0), ("Dog", 120))
        for number in range(20)
    }
    return photos | {
        "PetImages/Cat/666.jpg": b"",
        "PetImages/Dog/11702.jpg": b"",
        "PetImages/Cat/Thumbs.db": b"thumbs",
        "MSR-LA - 3467.docx": b"licence",
        "readme[1].txt": b"",
    }


def zipped(members: dict[str, bytes]) -> bytes:
    """Return a zip file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """Limit the size of the files that this process writes, like a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def tiny_recipe() -> Recipe:
    """Return `clothing-cnn` with one epoch and a network of a few hundred weights."""
    network = ResidualNetwork(
        stem=(4,), stem_strides=(2,), stages=(4, 8), stage_strides=(1, 2), blocks=(1, 1)
    )
    return replace(
        RECIPES["clothing-cnn"], network=network, epochs=1, batch_size=50, precision="float32"
    )


DOT = b"\x89PNG\r\n\x1a\n"
"""What takes the place of a picture; nothing reads it."""


def write_dot(*arguments: Any) -> None:
    """Take the place of a function that draws into a file, the last of its arguments."""
    arguments[-1].write_bytes(DOT)


def write_plot(plot: plots.Plot | plots.Row, folder: Path) -> None:
    """Take the place of `write` of such a plot."""
    write_dot(folder / f"{plot.name}.png")


@pytest.fixture(autouse=True)
def plain_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw no pictures into reports, which takes longer than fitting a tiny network.

    The tests in `report/` and `experiments/report/` draw them all: they override this fixture.
    """
    for name in ("confusion", "curves", "photos", "reliability"):
        monkeypatch.setattr(report, f"{name}_picture", write_dot)
    for module in (pictures, reliability):
        monkeypatch.setattr(
            module, "in_both_schemes", lambda what, *_: {"what": what, "light": "", "dark": ""}
        )
    monkeypatch.setattr(plots.Plot, "svg", "")
    for kind in (plots.Plot, plots.Row):
        monkeypatch.setattr(kind, "write", write_plot)


@pytest.fixture
def train(garments: Path) -> CommandLine:
    """Return a function that runs the command line for a tiny run, with a test's own arguments.

    It publishes by default.
    """

    def run(*arguments: str, recipe: str = "clothing-cnn", publish: bool = True) -> int:
        tiny = [word for assignment in TINY for word in ("--set", assignment)]
        command = ["run", recipe, "--data", str(garments), *tiny, *arguments]
        return main([*command, "--publish"] if publish else command)

    return run
