"""Outages acted out with real processes: what the gauges show that the alerts need, without probes.

tests/k8s/outages has the same stories in Prometheus's time: which alert fires, and that it stays.
"""

import shutil
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import psutil
import pytest

from serving.gateway.inference.readiness import STARTER
from serving.repository import seed
from tests.drawing import encoded_photo
from tests.e2e.processes import STARTERS, Program, free_port, gateway, model_server
from tests.serving.numbers import read_numbers

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("embedded_only")]

NAMES = ("clothing", "cats-dogs")


class Outage:
    """A gateway whose models come and go."""

    def __init__(self, program: Program, url: str, metrics: str, client: httpx.Client) -> None:
        self.program, self.url, self.metrics, self.client = program, url, metrics, client

    def gauge(self, name: str) -> dict[str, float]:
        """Return a gauge by model. Only the metrics' own port is asked: no request, no probe."""
        numbers = read_numbers(self.client.get(self.metrics).text)
        name = f"photolabel_model_{name}"
        return {dict(has)["model"]: value for (each, has), value in numbers.items() if each == name}

    def wait_for(self, clothing: float, cats_dogs: float) -> None:
        """Wait until each model's readiness is shown."""
        expected = {"clothing": clothing, "cats-dogs": cats_dogs}
        self.program.wait_for(lambda: self.gauge("ready") == expected, f"{expected}")

    def classify(self, model: str) -> httpx.Response:
        url = f"{self.url}/v1/models/{model}:classify"
        return self.client.post(url, content=encoded_photo())

    def check(self, gone: tuple[str, ...]) -> None:
        """Check what requests get: those for models that are gone, and those for others."""
        for name in NAMES:
            response = self.classify(name)
            if name in gone:
                assert response.status_code == 503
                assert int(response.headers["Retry-After"]) > 0
            else:
                assert response.status_code == 200, response.text
        assert self.client.get(f"{self.url}/readyz").status_code == (503 if gone else 200)
        assert self.client.get(f"{self.url}/readyz?exclude=models").status_code == 200


def model_server_at(port: int, models: Path) -> AbstractContextManager[tuple[Program, str]]:
    log = models.parent / "model-server.log"
    return model_server(models, log, port, "--poll-seconds=0.1")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STARTERS, tmp_path / "models"))


@pytest.fixture
def outage(models: Path, port: int) -> Iterator[Outage]:
    """Run a gateway whose model server has not started."""
    metrics, log = f"127.0.0.1:{free_port()}", models.parent / "gateway.log"
    address, module = f"127.0.0.1:{port}", "tests.e2e.watchful_gateway"
    with (
        gateway(address, log, module, metrics_bind=metrics) as (program, url),
        httpx.Client(timeout=30) as client,
    ):
        yield Outage(program, url, f"http://{metrics}/metrics", client)
        assert "Traceback" not in program.output()


def publish_own(models: Path) -> None:
    """Publish a version 2 of clothing that is no starter."""
    version = Path(shutil.copytree(models / "clothing" / "1", models / "clothing" / ".new"))
    graph = version / "saved_model.pb"
    graph.write_bytes(graph.read_bytes().replace(b'"starter": true', b'"starter":false'))
    version.rename(models / "clothing" / "2")


def test_outages_are_shown_without_traffic_and_others_answer(
    outage: Outage, models: Path, port: int
) -> None:
    outage.wait_for(clothing=0, cats_dogs=0)
    assert outage.gauge("version") == {}
    with model_server_at(port, models) as (server, _):
        outage.wait_for(clothing=1, cats_dogs=1)
        assert outage.gauge("version") == {"clothing": 1, "cats-dogs": 1}
        outage.check(gone=())

        version = models / "clothing" / "1"
        aside = version.rename(version.with_name(".aside"))
        outage.wait_for(clothing=0, cats_dogs=1)
        outage.check(gone=("clothing",))
        for worker in psutil.Process(outage.program.process.pid).children()[:1]:
            worker.kill()  # What it last saw, a model that is gone, must not outlive it.
        aside.rename(version)
        outage.wait_for(clothing=1, cats_dogs=1)

        server.process.send_signal(signal.SIGSTOP)
        outage.wait_for(clothing=0, cats_dogs=0)
        server.process.send_signal(signal.SIGCONT)
        outage.wait_for(clothing=1, cats_dogs=1)
        publish_own(models)
        outage.program.wait_for(
            lambda: (
                (outage.gauge("version")["clothing"], outage.gauge("starter")["clothing"]) == (2, 0)
            ),
            "version 2 is shown",
        )

        for number in ("1", "2"):
            shutil.rmtree(models / "clothing" / number)
        (models / "clothing" / ".last-version").unlink(missing_ok=True)
        outage.wait_for(clothing=0, cats_dogs=1)
        assert seed.main([str(models)]) == 0
        outage.wait_for(clothing=1, cats_dogs=1)
        assert outage.gauge("version")["clothing"] == outage.gauge("starter")["clothing"] == 1
        outage.check(gone=())
        [state, _] = outage.client.get(f"{outage.url}/readyz").json()["models"]
        assert (state["version"], state["detail"]) == (1, STARTER)
        lost = f"Model clothing is ready with version 1. {STARTER}"
        assert any(lost in line for line in outage.program.output().splitlines() if "WARN" in line)
    outage.wait_for(clothing=0, cats_dogs=0)
    outage.check(gone=NAMES)
