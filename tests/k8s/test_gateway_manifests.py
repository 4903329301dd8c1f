"""The gateway starts with its environment, drains in time and fits into its memory limit."""

import os

import pytest
from flask import Flask

from serving.gateway.app import create_app
from serving.gateway.inference.readiness import WAIT_SECONDS
from serving.gateway.model_client.client import ModelServer
from serving.gateway.server.gunicorn_app import CLOSE_SECONDS
from serving.gateway.settings import FOREIGN, PREFIX, Settings, read_settings
from tests.k8s.manifests import (
    DEPLOYMENTS,
    Manifest,
    build,
    containers,
    environment,
    find,
    pods,
    quantity,
)

# Measured (docs/limits.md): a worker, the worst photo and a copy of its bytes, an idle sandbox.
IDLE_BYTES = 100e6
PHOTO_BYTES = 225e6
SANDBOX_BYTES = 60e6

pytestmark = pytest.mark.parametrize("name", DEPLOYMENTS)


@pytest.fixture
def pod(name: str) -> Manifest:
    return dict(find(build(name), "Deployment", "gateway")["spec"]["template"]["spec"])


@pytest.fixture
def container(pod: Manifest) -> Manifest:
    (container,) = pod["containers"]
    return dict(container)


@pytest.fixture
def settings(container: Manifest, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for variable in [each for each in os.environ if each.startswith(PREFIX)]:
        monkeypatch.delenv(variable)
    for variable, value in environment(container).items():
        monkeypatch.setenv(variable, value)
    return read_settings()


@pytest.fixture
def app(settings: Settings) -> Flask:
    return create_app(settings, ModelServer(settings.model_server))


def test_settings_are_accepted_and_listen_on_the_named_port(
    settings: Settings, container: Manifest
) -> None:
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert settings.bind == f"0.0.0.0:{ports['http']}"
    assert settings.metrics_bind == f"0.0.0.0:{ports['metrics']}"
    assert settings.log_format == "json"


def test_settings_of_every_container_exist(name: str) -> None:
    known = {PREFIX + field.upper() for field in Settings.model_fields} | FOREIGN
    for build_name in (name, "training", "data"):
        for _, pod in pods(build(build_name)):
            for container in containers(pod):
                ours = {each for each in environment(container) if each.startswith(PREFIX)}
                assert ours <= known


def test_probes_are_paths_of_the_gateway(app: Flask, container: Manifest) -> None:
    paths = {container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")}
    assert paths == {"/livez", "/readyz"}
    assert paths <= {rule.rule for rule in app.url_map.iter_rules()}


def test_a_rollout_starts_new_gateways_before_it_stops_old_ones(name: str) -> None:
    spec = find(build(name), "Deployment", "gateway")["spec"]
    assert spec["replicas"] >= 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_draining_ends_before_the_pod_is_killed(settings: Settings, pod: Manifest) -> None:
    assert settings.drain_delay >= 5
    assert settings.drain_seconds > settings.upload_seconds + settings.time_budget
    grace = pod["terminationGracePeriodSeconds"]
    assert grace >= settings.drain_delay + settings.drain_seconds + CLOSE_SECONDS + 1


def test_readiness_is_answered_before_the_probe_gives_up(container: Manifest) -> None:
    assert container["readinessProbe"]["timeoutSeconds"] >= 2 * WAIT_SECONDS


def test_memory_holds_the_largest_bodies_and_photos(
    settings: Settings, container: Manifest
) -> None:
    """The formula in docs/limits.md for the most memory that a worker needs."""
    bodies = settings.max_upload_bytes + settings.max_in_flight * settings.max_body_bytes
    photos = settings.max_decodes * PHOTO_BYTES
    sandbox = SANDBOX_BYTES + settings.photo_limits().max_helper_bytes
    limit = quantity(container["resources"]["limits"]["memory"])
    assert settings.workers * (IDLE_BYTES + bodies + photos + sandbox) <= limit
