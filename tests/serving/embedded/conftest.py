"""One exported model for all tests of the embedded model server."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import pytest

from serving.embedded.config import ModelsFolder
from serving.embedded.manager import Manager
from tests.serving.embedded import tiny
from tests.serving.embedded.tiny import Client, Clock, serving


@pytest.fixture(scope="session")
def _export(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, keras.Model]:
    folder = tmp_path_factory.mktemp("exported") / "model"
    return folder, tiny.export(folder)


@pytest.fixture(scope="session")
def exported(_export: tuple[Path, keras.Model]) -> Path:
    """Return the folder of a SavedModel; copy it, change nothing."""
    return _export[0]


@pytest.fixture(scope="session")
def model(_export: tuple[Path, keras.Model]) -> keras.Model:
    """Return the model that was exported, in memory."""
    return _export[1]


@pytest.fixture
def publish(exported: Path, tmp_path: Path) -> Callable[..., Path]:
    """Publish the exported model as a version of model m in the test's folder."""

    def publish(version: int, name: str = "m") -> Path:
        return tiny.publish(exported, tmp_path / name, version)

    return publish


@pytest.fixture(scope="session")
def standing(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Serve model m, whose version 2 has replaced version 1, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("models")
    tiny.publish(exported, folder / "m", 1)
    manager = Manager(ModelsFolder(folder))
    manager.poll()
    tiny.publish(exported, folder / "m", 2)
    manager.poll()
    with serving(manager) as client:
        yield client


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Write a config file for model m in the test's folder, replacing what was there."""

    def write(more: str = "", **fields: Any) -> Path:
        values = {"name": "m", "base_path": tmp_path / "m", "model_platform": "tensorflow"}
        lines = "\n".join(f'{key}: "{value}"' for key, value in (values | fields).items() if value)
        path = tmp_path / "models.config"
        path.write_text(f"model_config_list {{ config {{\n{lines}\n{more}\n}} }}")
        return path

    return write


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(tmp_path: Path, clock: Clock) -> Manager:
    """Return a manager of the models in the test's folder; the test polls it."""
    return Manager(ModelsFolder(tmp_path), clock=clock)


@pytest.fixture
def client(manager: Manager) -> Iterator[Client]:
    with serving(manager) as client:
        yield client
