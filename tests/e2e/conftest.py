"""The stack that the end-to-end tests use: a gateway and a model server, embedded or external.

With `--model-server HOST:PORT --models DIR` the tests run against any model server that speaks
TensorFlow Serving's gRPC API and serves DIR (`make test-tfs`). Tests that kill or restart the model
server are then skipped.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.processes import STARTERS, Program, gateway, model_server, wait_until_ready


@dataclass(frozen=True)
class RunningStack:
    """A running gateway with its model server."""

    url: str
    models: Path
    address: str
    gateway: Program


@pytest.fixture(scope="session")
def external_server(request: pytest.FixtureRequest) -> str | None:
    """Return the address given with `--model-server`."""
    address: str | None = request.config.getoption("--model-server")
    return address


@pytest.fixture(scope="session")
def stack(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    external_server: str | None,
) -> Iterator[RunningStack]:
    """Run the stack for the session, with the starter models or those in DIR."""
    folder = tmp_path_factory.mktemp("stack")
    if external_server:
        models = Path(request.config.getoption("--models"))
        yield from _run_gateway(external_server, models, folder)
        return
    models = folder / "models"
    shutil.copytree(STARTERS, models)
    with model_server(models, folder / "model-server.log") as (_, address):
        yield from _run_gateway(address, models, folder)


def _run_gateway(address: str, models: Path, folder: Path) -> Iterator[RunningStack]:
    with gateway(address, folder / "gateway.log") as (program, url):
        wait_until_ready(url)
        yield RunningStack(url, models, address, program)
        assert "Traceback" not in program.output()


@pytest.fixture
def embedded_only(external_server: str | None) -> None:
    """Skip a test that has to start, kill or restart the model server itself."""
    if external_server:
        pytest.skip("it restarts the model server, which is external here")
