"""Readiness asks the model server rarely, never waits for it long, and fails first in a drain."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import httpx
import pytest

from serving.deadline import Deadline
from serving.gateway.app import create_app
from serving.gateway.inference.catalog import Catalog
from serving.gateway.inference.readiness import (
    CACHE_SECONDS,
    STARTER,
    ModelReadiness,
    Readiness,
)
from serving.gateway.model_client.model_ref import VersionState
from serving.gateway.server.draining import Draining
from serving.gateway.settings import Settings
from serving.http_errors import ModelServerUnavailable
from tests.serving.fakes import CLOTHING, FakeModelServer, fake_server, gateway
from tests.serving.gateway.server.test_draining import running
from tests.serving.scripted import Script

PROBE_SECONDS = 30.0  # As long as a test may take; a probe itself waits for less.
HUNG_SECONDS = 0.3


class Held(FakeModelServer):
    """A model server that hangs when asked for `held`, and counts who asks."""

    held: str | None = None
    released: threading.Event
    asked: list[str]

    def states(self, name: str, deadline: Deadline) -> list[VersionState]:
        self.asked.append(name)
        if name == self.held:
            self.released.wait(PROBE_SECONDS)
        return super().states(name, deadline)


@pytest.fixture
def held() -> Iterator[Held]:
    server = fake_server()
    held = Held(server.models, server.labels)
    held.released, held.asked = threading.Event(), []
    yield held
    held.released.set()


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def readiness(held: Held, clock: Clock) -> Readiness:
    return Readiness(Catalog(("clothing", "cats-dogs"), held), Draining().begun, clock)


def states(models: list[ModelReadiness]) -> dict[str, str]:
    return {model.name: model.state for model in models}


def test_each_model_tells_its_version(readiness: Readiness) -> None:
    assert readiness.models(Deadline(PROBE_SECONDS)) == [
        ModelReadiness("clothing", "ready", 1),
        ModelReadiness("cats-dogs", "ready", 2),
    ]


def test_an_answer_serves_all_probes_of_a_second(
    readiness: Readiness, held: Held, clock: Clock
) -> None:
    for moment in (0.0, CACHE_SECONDS / 2, CACHE_SECONDS * 0.99):
        clock.now = moment
        assert set(states(readiness.models(Deadline(PROBE_SECONDS))).values()) == {"ready"}
    assert sorted(held.asked) == ["cats-dogs", "clothing"]
    held.failure = ModelServerUnavailable("gone")
    clock.now = CACHE_SECONDS
    models = readiness.models(Deadline(PROBE_SECONDS))
    assert {(model.state, model.detail) for model in models} == {("unavailable", "gone")}
    assert len(held.asked) == 4


def test_probes_at_once_share_one_call(readiness: Readiness, held: Held, clock: Clock) -> None:
    held.held = "clothing"
    with ThreadPoolExecutor(8) as probes:
        running = [probes.submit(readiness.models, Deadline(PROBE_SECONDS)) for _ in range(8)]
        held.released.set()
        assert all(set(states(each.result()).values()) == {"ready"} for each in running)
    assert held.asked.count("clothing") == 1


def test_a_model_server_that_hangs_is_seen_and_asked_once(
    readiness: Readiness, held: Held, clock: Clock
) -> None:
    held.held = "clothing"
    for moment in range(3):
        clock.now = moment * CACHE_SECONDS
        models = readiness.models(Deadline(HUNG_SECONDS))
        assert states(models) == {"clothing": "unavailable", "cats-dogs": "ready"}
    assert held.asked.count("clothing") == 1, "a call under way is not doubled"
    assert held.asked.count("cats-dogs") == 3
    held.released.set()
    clock.now += CACHE_SECONDS
    assert states(readiness.models(Deadline(PROBE_SECONDS)))["clothing"] == "ready"


def test_a_probe_without_time_is_answered_too(held: Held) -> None:
    held.held = "clothing"
    answer = gateway(held).get("/readyz", headers={"X-Request-Timeout": "0.000001"})
    assert answer.status_code == 503


def test_a_drain_fails_readiness_and_nothing_else(held: Held) -> None:
    draining = Draining()
    client = create_app(Settings(), held, draining.begun).test_client()
    assert client.get("/readyz").status_code == 200
    draining.begin()
    asked = len(held.asked)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert {model["state"] for model in answer.get_json()["models"]} == {"draining"}
    assert len(held.asked) == asked
    assert client.get("/livez").status_code == client.get("/v1/models").status_code == 200


def test_without_the_models_readiness_fails_only_in_a_drain(held: Held) -> None:
    draining = Draining()
    client = create_app(Settings(), held, draining.begun).test_client()
    held.failure = ModelServerUnavailable("gone")
    assert client.get("/readyz").status_code == 503
    asked = len(held.asked)
    answer = client.get("/readyz?exclude=models")
    assert (answer.status_code, answer.get_json()) == (200, {"ready": True, "models": []})
    draining.begin()
    answer = client.get("/readyz?exclude=models")
    assert (answer.status_code, answer.get_json()) == (503, {"ready": False, "models": []})
    assert len(held.asked) == asked


def test_models_may_come_and_go(held: Held) -> None:
    catalog = SimpleNamespace(names=("clothing",), find=Catalog(("clothing",), held).find)
    readiness = Readiness(cast(Catalog, catalog), Draining().begun)
    assert states(readiness.models(Deadline(PROBE_SECONDS))) == {"clothing": "ready"}
    catalog.names = ("cats-dogs",)
    assert states(readiness.models(Deadline(PROBE_SECONDS))) == {"cats-dogs": "ready"}


def test_a_starter_that_is_the_only_version_is_named(held: Held) -> None:
    held.models["clothing"] = [replace(CLOTHING, card={"starter": True})]
    client = gateway(held)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["models"] == [
        {"name": "clothing", "state": "ready", "version": 1, "detail": STARTER, "starter": True},
        {"name": "cats-dogs", "state": "ready", "version": 2},
    ]


def test_a_model_rolled_back_to_its_starter_has_lost_nothing(held: Held) -> None:
    held.models["clothing"] = [replace(CLOTHING, card={"starter": True})]
    held.publish("clothing", card={})
    held.labels["stable"] = 1
    [state, _] = gateway(held).get("/readyz").get_json()["models"]
    assert state == {"name": "clothing", "state": "ready", "version": 1}


@pytest.mark.integration
@pytest.mark.e2e
def test_a_model_server_that_hangs_does_not_hang_the_gateways_probes(tmp_path: Path) -> None:
    script = Script()
    with running(tmp_path, script) as (program, url):
        script.delay = 60.0
        program.wait_for(lambda: _probe(url) == 503, "the hung model server is seen")
        script.delay = 0.0
        program.wait_for(lambda: _probe(url) == 200, "the model server is found again")


def _probe(url: str) -> int:
    """Probe as long as Kubernetes does; see k8s/base."""
    return httpx.get(f"{url}/readyz", timeout=5).status_code
