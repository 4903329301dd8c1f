"""One exported model for all tests of the embedded model server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import pytest

from serving.model_server.manager import Manager
from serving.repository.models_folder import ModelsFolder
from serving.repository.served_versions import SERVED
from tests.serving.model_server import tiny
from tests.serving.model_server.tiny import Client, Clock, serving


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
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(tmp_path: Path, clock: Clock) -> Manager:
    """Return a manager of the models in the test's folder; the test polls it."""
    return Manager(ModelsFolder(tmp_path, clock=clock), clock=clock)


@pytest.fixture
def client(manager: Manager) -> Iterator[Client]:
    with serving(manager) as client:
        yield client


@pytest.fixture
def choose(tmp_path: Path, manager: Manager) -> Callable[..., None]:
    """Write which versions of model m serve, and poll."""

    def choose(*pinned: int, **labels: int) -> None:
        pin = f"model_version_policy {{ specific {{ versions: {list(pinned)} }} }}"
        named = [
            f'version_labels {{ key: "{name}" value: {each} }}' for name, each in labels.items()
        ]
        new = tmp_path / "m" / ".new"
        new.write_text("".join([pin if pinned else "", *named]))
        new.rename(tmp_path / "m" / SERVED)
        manager.poll()

    return choose
