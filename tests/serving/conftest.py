"""The gateway of this process, before a model server in memory."""

from collections.abc import Iterator

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
