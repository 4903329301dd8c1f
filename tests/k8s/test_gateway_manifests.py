"""The gateway starts with its environment, drains in time and fits into its memory limit."""

import os
from pathlib import Path, PurePosixPath

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
    config_files,
    containers,
    environment,
    find,
    pods,
    probe_seconds,
    quantity,
)

# Measured (docs/limits.md): a worker, the worst photo and a copy of its bytes, an idle sandbox.
IDLE_BYTES = 100e6
PHOTO_BYTES = 225e6
SANDBOX_BYTES = 60e6

pytestmark = pytest.mark.parametrize("name", DEPLOYMENTS)


@pytest.fixture
def deployment(name: str) -> Manifest:
    return dict(find(build(name), "Deployment", "gateway")["spec"])


@pytest.fixture
def pod(deployment: Manifest) -> Manifest:
    return dict(deployment["template"]["spec"])


@pytest.fixture
def container(pod: Manifest) -> Manifest:
    (container,) = pod["containers"]
    return dict(container)


@pytest.fixture
def files(name: str, deployment: Manifest, tmp_path: Path) -> dict[str, str]:
    """Write the files that the gateway reads; return where each path of its container is here."""
    paths = {}
    for path, text in config_files(build(name), deployment["template"]).items():
        file = tmp_path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        paths[path] = str(file)
    return paths


@pytest.fixture
def settings(
    container: Manifest, files: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Settings:
    for variable in [each for each in os.environ if each.startswith(PREFIX)]:
        monkeypatch.delenv(variable)
    for variable, value in environment(container).items():
        monkeypatch.setenv(variable, files.get(value, value))
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


def test_the_files_that_it_reads_are_mounted_as_folders(container: Manifest) -> None:
    paths = [value for name, value in environment(container).items() if name.endswith("_FILE")]
    folders = {mount["mountPath"] for mount in container["volumeMounts"] if "subPath" not in mount}
    assert {f"{PREFIX}MODEL_CONFIG_FILE", f"{PREFIX}CANARY_SHARES_FILE"} <= environment(
        container
    ).keys()
    assert {str(PurePosixPath(path).parent) for path in paths} <= folders


def test_a_new_gateway_waits_for_every_model_and_a_started_one_only_drains(
    container: Manifest,
) -> None:
    paths = {
        probe: container[probe]["httpGet"]["path"] for probe in container if probe.endswith("Probe")
    }
    assert paths == {
        "startupProbe": "/readyz",
        "readinessProbe": "/readyz?exclude=models",
        "livenessProbe": "/livez",
    }


def test_without_models_a_gateway_does_not_start_but_a_started_one_stays(
    app: Flask, container: Manifest
) -> None:
    client = app.test_client()
    statuses = {
        each: client.get(container[each]["httpGet"]["path"]).status_code
        for each in container
        if each.endswith("Probe")
    }
    assert statuses == {"startupProbe": 503, "readinessProbe": 200, "livenessProbe": 200}


def test_a_gateway_waits_longer_than_a_model_server_may_take_to_start(
    name: str, deployment: Manifest, container: Manifest
) -> None:
    server = find(build(name), "Deployment", "model-server")["spec"]
    (model_server,) = server["template"]["spec"]["containers"]
    seconds = probe_seconds(container["startupProbe"])
    assert seconds >= probe_seconds(model_server["startupProbe"]) + 300, "to pull its image"
    assert deployment["progressDeadlineSeconds"] >= seconds + 300
    assert deployment["progressDeadlineSeconds"] >= server.get("progressDeadlineSeconds", 600)


def test_a_draining_gateway_leaves_the_service_before_it_refuses_connections(
    settings: Settings, container: Manifest
) -> None:
    assert probe_seconds(container["readinessProbe"]) < settings.drain_delay


def test_a_rollout_starts_new_gateways_before_it_stops_old_ones(
    name: str, deployment: Manifest
) -> None:
    assert deployment["replicas"] >= (1 if name.startswith("kind") else 2)
    assert deployment["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}


def test_draining_ends_before_the_pod_is_killed(settings: Settings, pod: Manifest) -> None:
    assert settings.drain_delay >= 5
    assert settings.drain_seconds > settings.upload_seconds + settings.time_budget
    grace = pod["terminationGracePeriodSeconds"]
    assert grace >= settings.drain_delay + settings.drain_seconds + CLOSE_SECONDS + 1


def test_readiness_is_answered_before_the_probe_gives_up(container: Manifest) -> None:
    for probe in ("startupProbe", "readinessProbe"):
        assert container[probe]["timeoutSeconds"] >= 2 * WAIT_SECONDS


def test_memory_holds_the_largest_bodies_and_photos(
    settings: Settings, container: Manifest
) -> None:
    """The formula in docs/limits.md for the most memory that a worker needs."""
    bodies = settings.max_upload_bytes + settings.max_in_flight * settings.max_body_bytes
    photos = settings.max_decodes * PHOTO_BYTES
    sandbox = SANDBOX_BYTES + settings.photo_limits().max_helper_bytes
    limit = quantity(container["resources"]["limits"]["memory"])
    assert settings.workers * (IDLE_BYTES + bodies + photos + sandbox) <= limit
