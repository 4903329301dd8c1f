"""The gauges of the models' states are current without probes and without traffic."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace

import pytest
from prometheus_client import generate_latest

from serving.deadline import Deadline
from serving.gateway.app import create_app
from serving.gateway.inference import readiness, readiness_watch
from serving.gateway.model_client.model_ref import VersionState
from serving.gateway.server.draining import Draining
from serving.gateway.settings import Settings
from serving.gateway.telemetry.metrics import Metrics
from serving.http_errors import ModelServerUnavailable
from tests.serving.fakes import CLOTHING, FakeModelServer, fake_server
from tests.serving.numbers import read_numbers

SECONDS = 30.0  # As long as a test may take.


class Asked(FakeModelServer):
    """A model server that counts how often it is asked for states."""

    asked = 0

    def states(self, name: str, deadline: Deadline) -> list[VersionState]:
        self.asked += name == "clothing"
        return super().states(name, deadline)


@dataclass
class Watched:
    """A gateway that gets no request, and the server that it watches."""

    server: Asked
    metrics: Metrics
    draining: Draining

    def gauge(self, name: str, model: str) -> float | None:
        numbers = read_numbers(generate_latest(self.metrics.registry).decode())
        return numbers.get((f"photolabel_model_{name}", frozenset({("model", model)})))

    def wait_for(self, condition: Callable[[], object]) -> None:
        end = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.005)


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    monkeypatch.setattr(readiness_watch, "INTERVAL_SECONDS", 0.01)
    monkeypatch.setattr(readiness, "CACHE_SECONDS", 0.0)
    watched = Watched(Asked(fake_server().models), Metrics(), Draining())
    with ExitStack() as closing:
        create_app(Settings(), watched.server, watched.draining.begun, closing, watched.metrics)
        watched.wait_for(lambda: watched.gauge("ready", "cats-dogs") == 1)
        yield watched


def test_each_model_is_shown_with_its_version(watched: Watched) -> None:
    assert watched.gauge("ready", "clothing") == 1
    assert watched.gauge("version", "clothing") == 1
    assert watched.gauge("version", "cats-dogs") == 2
    assert watched.gauge("starter", "clothing") == 0
    watched.server.publish("clothing")
    watched.wait_for(lambda: watched.gauge("version", "clothing") == 2)


def test_one_model_gone_and_back(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    versions = watched.server.models["clothing"]
    with caplog.at_level(logging.INFO, readiness_watch.__name__):
        watched.server.models["clothing"] = []
        watched.wait_for(lambda: watched.gauge("ready", "clothing") == 0)
        assert watched.gauge("ready", "cats-dogs") == 1
        assert watched.gauge("version", "clothing") == 1, "the last that answered"
        watched.server.models["clothing"] = versions
        watched.wait_for(lambda: watched.gauge("ready", "clothing") == 1)
    watched.wait_for(lambda: len(caplog.messages) == 2)
    assert caplog.messages[0].startswith("Model clothing is not ready: ")
    assert caplog.messages[1] == "Model clothing is ready with version 1"


def test_no_model_is_ready_without_the_model_server(watched: Watched) -> None:
    watched.server.failure = ModelServerUnavailable("gone")
    models = ("clothing", "cats-dogs")
    watched.wait_for(lambda: not any(watched.gauge("ready", model) for model in models))


def test_a_drain_says_nothing_about_the_models(watched: Watched) -> None:
    watched.draining.begin()
    watched.server.publish("clothing")
    watched.wait_for(lambda: watched.gauge("version", "clothing") == 2)
    assert watched.gauge("ready", "clothing") == 1


def test_a_lost_volume_is_shown_and_logged(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.server.publish("clothing")
    watched.wait_for(lambda: watched.gauge("version", "clothing") == 2)
    watched.server.models["clothing"].pop(0)
    asked = watched.server.asked
    watched.wait_for(lambda: watched.server.asked > asked + 1)
    watched.server.models["clothing"] = [replace(CLOTHING, card={"starter": True})]
    watched.wait_for(lambda: watched.gauge("version", "clothing") == 1)
    watched.wait_for(lambda: watched.gauge("starter", "clothing") == 1)
    [record] = [each for each in caplog.records if "starter" in each.getMessage()]
    assert record.levelno == logging.WARNING


def test_a_version_of_a_new_volume_is_described_again(watched: Watched) -> None:
    """The gateway has described version 1, and another one has its number now."""
    watched.server.models["clothing"] = []
    watched.wait_for(lambda: watched.gauge("ready", "clothing") == 0)
    watched.server.models["clothing"] = [replace(CLOTHING, card={"starter": True})]
    watched.wait_for(lambda: watched.gauge("starter", "clothing") == 1)


def test_a_new_volume_is_no_warning(
    watched: Watched, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = FakeModelServer({"clothing": [replace(CLOTHING, card={"starter": True})]})
    with ExitStack() as closing, caplog.at_level(logging.INFO, readiness_watch.__name__):
        create_app(Settings(models=("clothing",)), server, closing=closing)
        watched.wait_for(lambda: any("starter" in each for each in caplog.messages))
    assert all(record.levelno < logging.WARNING for record in caplog.records)


def test_an_unexpected_error_is_logged_and_does_not_end_the_watch(
    watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    watched.server.failure = ValueError("surprise")  # type: ignore[assignment]
    watched.wait_for(lambda: "readiness failed" in caplog.text)
    watched.server.failure = None
    watched.server.publish("clothing")
    watched.wait_for(lambda: watched.gauge("version", "clothing") == 2)
