"""A gateway in this process, with a model server in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.serving.fakes import FakeModelServer, fake_server, gateway


@pytest.fixture
def source() -> FakeModelServer:
    return fake_server()


@pytest.fixture
def client(source: FakeModelServer) -> FlaskClient:
    return gateway(source)


@pytest.fixture(autouse=True)
def no_traceback_in_log(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    yield
    if "unforeseen" not in request.node.name:
        assert not [record for record in caplog.records if record.exc_info]


@pytest.fixture
def write_config(tmp_path: Path) -> Callable[..., Path]:
    """Write a config file for model m in the test's folder, replacing the previous one."""

    def write(more: str = "", **fields: Any) -> Path:
        values = {"name": "m", "base_path": tmp_path / "m", "model_platform": "tensorflow"}
        lines = "\n".join(f'{key}: "{value}"' for key, value in (values | fields).items() if value)
        path = tmp_path / "models.config"
        path.write_text(f"model_config_list {{ config {{\n{lines}\n{more}\n}} }}")
        return path

    return write
