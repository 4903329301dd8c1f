"""The chain that the end-to-end tests use: embedded model server and gateway, or another server.

With `--model-server HOST:PORT --models DIR` the tests run against any model server that speaks
TensorFlow Serving's gRPC API and serves DIR (`make test-tfs`). Tests that have to kill or restart
the model server are skipped then.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.processes import STARTERS, Program, gateway, model_server, wait_until_ready


@dataclass(frozen=True)
class Chain:
    """The running chain."""

    url: str
    models: Path
    address: str
    gateway: Program


@pytest.fixture(scope="session")
def external_server(request: pytest.FixtureRequest) -> str | None:
    """Return the address given on the command line."""
    address: str | None = request.config.getoption("--model-server")
    return address


@pytest.fixture(scope="session")
def chain(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    external_server: str | None,
) -> Iterator[Chain]:
    """Run gateway and model server for the session, with the starter models or DIR's."""
    folder = tmp_path_factory.mktemp("chain")
    if external_server:
        models = Path(request.config.getoption("--models"))
        yield from _gateway_before(external_server, models, folder)
        return
    models = folder / "models"
    shutil.copytree(STARTERS, models)
    with model_server(models, folder / "model-server.log") as (_, address):
        yield from _gateway_before(address, models, folder)


def _gateway_before(address: str, models: Path, folder: Path) -> Iterator[Chain]:
    with gateway(address, folder / "gateway.log") as (program, url):
        wait_until_ready(url)
        yield Chain(url, models, address, program)
        assert "Traceback" not in program.output()


@pytest.fixture
def embedded_only(external_server: str | None) -> None:
    """Skip a test that has to start, kill or restart the model server itself."""
    if external_server:
        pytest.skip("it restarts the model server, which is somebody else's here")
