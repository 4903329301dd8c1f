"""A model that serves, and the folder of photos that it was trained on."""

import shutil
from pathlib import Path

import pytest

from tests.training.publishing.letters import Attempt, attempt, draw


@pytest.fixture
def strict(no_floors: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the gate refuse models that are no better than a constant, as it does."""
    monkeypatch.setattr("training.publishing.gate_policy.LEAST_ADVANTAGE", 0.0)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return a folder of photos."""
    return draw(tmp_path / "shop")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish the model that serves once for all tests, which copy it: that takes a second."""
    folder = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PHOTOLABEL_CACHE", str(folder / "cache"))
        attempt(draw(folder / "shop"), folder / "models").serve()
    return folder / "models"


@pytest.fixture
def live(served: Path, shop: Path) -> Attempt:
    """Let a model of that folder serve, and return the run that repeats it."""
    shutil.copytree(served, "models")
    return attempt(shop, Path("models"))
