"""Drawn photos, and a run on them."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training import report, train
from training.python_api.trained_run import TrainedRun

LABELS = ["blue", "green", "red"]


def draw(folder: Path, photos: int = 20, seed: int = 0) -> Path:
    """Write photos of three colours, each in the folder of its class."""
    random = np.random.default_rng(seed)
    for channel, label in enumerate(LABELS):
        (folder / label).mkdir(parents=True)
        for number in range(photos):
            pixels = random.integers(0, 90, (20, 24, 3))
            pixels[..., 2 - channel] += 150
            Image.fromarray(pixels.astype(np.uint8)).save(folder / label / f"{number}.png")
    return folder


def train_on(shapes: Path, **arguments: object) -> TrainedRun:
    """Call `train` for a small network; the same call returns the same run."""
    given = {"shape": (12, 10, 3), "settings": {"epochs": 4}, **arguments}
    return train("clothing-dense128-adam", photos=shapes, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 20 photos of each of three colours."""
    return draw(tmp_path_factory.mktemp("photos") / "shapes")


@pytest.fixture(scope="session")
def trained_once(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainedRun:
    """Train a small network on these photos."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PHOTOLABEL_CACHE", str(folder / "cache"))
        for name in ("sample", "confident_mistakes"):
            patch.setattr(report, name, partial(getattr(report, name), count=4))
        return train_on(shapes, runs=folder / "runs")


@pytest.fixture
def trained(trained_once: TrainedRun, isolated_environment: None) -> TrainedRun:
    """Return a copy of this run, in the working folder."""
    runs = trained_once.folder.parents[1]
    shutil.copytree(runs, "runs")
    return TrainedRun(Path("runs") / trained_once.folder.relative_to(runs), trained_once.recipe)
