"""compose.yaml is valid, and one machine gets the settings that the pods of k8s/base have."""

import functools
import re
import subprocess
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from tests.k8s.manifests import K8S, ROOT, environment, flags, quantity, tool

FILES = {"cpu": ["compose.yaml"], "gpu": ["compose.yaml", "compose.gpu.yaml"]}
# No load balancer has to notice that a gateway stops, and neither file is in Kubernetes' volumes.
ONLY_IN_A_CLUSTER = {"PHOTOLABEL_DRAIN_DELAY"}
PATHS = {"model_config_file", "batching_parameters_file", "monitoring_config_file"}

Service = dict[str, Any]


@functools.cache
def services(name: str) -> dict[str, Service]:
    """Return the services, with the second file's settings added as Compose does."""
    merged: dict[str, Service] = {}
    for file in FILES[name]:
        for service, settings in yaml.safe_load((ROOT / file).read_text())["services"].items():
            merged[service] = _merge(merged.get(service, {}), settings)
    return merged


def _merge(old: Any, new: Any) -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {**old, **{key: _merge(old.get(key), value) for key, value in new.items()}}
    if isinstance(old, list) and isinstance(new, list):  # Of volumes, by what they are mounted on.
        return list({text.split(":")[1]: text for text in [*old, *new]}.values())
    return new


def container(deployment: str) -> tuple[Service, Service]:
    """Return the pod and the first container of a Deployment of k8s/base."""
    documents = yaml.safe_load_all((K8S / "base" / f"{deployment}.yaml").read_text())
    (pod,) = (
        each["spec"]["template"]["spec"] for each in documents if each["kind"] == "Deployment"
    )
    return pod, pod["containers"][0]


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


def memory(service: Service) -> str:
    return str(service["deploy"]["resources"]["limits"]["memory"])


@pytest.mark.parametrize("file", ["compose.yaml", "compose.gpu.yaml"])
def test_each_file_fits_the_specification(file: str) -> None:
    check = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", file]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", FILES)
def test_every_service_is_restricted(name: str) -> None:
    for each, service in services(name).items():
        if each == "cuda-cache":  # It only runs `true`, without a network.
            continue
        assert service["user"] == "10001:10001", each
        assert service["read_only"] is True, each
        assert service["cap_drop"] == ["ALL"], each
        assert service["security_opt"] == ["no-new-privileges:true"], each
        assert service["logging"]["options"]["max-size"], each
        assert memory(service), each


def test_the_gateway_has_the_settings_of_the_pods() -> None:
    pod, expected = container("gateway")
    service = services("cpu")["gateway"]
    ours, theirs = service["environment"], environment(expected)
    shared = ours.keys() & theirs.keys()
    assert {"PHOTOLABEL_MODEL_SERVER", "PHOTOLABEL_WORKERS", "PHOTOLABEL_MAX_IN_FLIGHT"} <= shared
    assert {key: ours[key] for key in shared} == {key: theirs[key] for key in shared}
    assert quantity(memory(service)[:-1] + "Gi") == quantity(
        expected["resources"]["limits"]["memory"]
    )
    assert seconds(service["stop_grace_period"]) > int(ours["PHOTOLABEL_DRAIN_SECONDS"])
    assert seconds(service["stop_grace_period"]) <= pod["terminationGracePeriodSeconds"]
    assert not ours.keys() & ONLY_IN_A_CLUSTER


def test_gateway_and_model_server_read_the_same_models() -> None:
    gateway, model_server = (services("cpu")[name] for name in ("gateway", "model-server"))
    file = gateway["environment"]["PHOTOLABEL_MODEL_CONFIG_FILE"]
    assert file == flags({"args": model_server["command"]})["model_config_file"]
    mounted = next(each for each in gateway["volumes"] if f":{PurePosixPath(file).parent}:" in each)
    assert mounted in model_server["volumes"]


@pytest.mark.parametrize("name", FILES)
def test_the_model_server_has_the_arguments_of_the_pods(name: str) -> None:
    service = services(name)["model-server"]
    _, expected = container("model-server")
    ours, theirs = flags({"args": service["command"]}), flags(expected)
    assert ours.keys() - theirs.keys() == {"per_process_gpu_memory_fraction"}
    assert theirs.keys() <= ours.keys()
    assert {k: v for k, v in ours.items() if k in theirs and k not in PATHS} == {
        k: v for k, v in theirs.items() if k not in PATHS
    }
    assert service["entrypoint"] == expected["command"]
    suffix = {"cpu": "", "gpu": "-gpu"}[name]
    assert service["image"] == expected["image"] + suffix


@pytest.mark.parametrize("name", FILES)
def test_mounted_files_exist(name: str) -> None:
    service = services(name)["model-server"]
    folders = {t: s for s, t in (v.split(":")[:2] for v in service["volumes"]) if s[0] == "."}
    for option in PATHS:
        path = Path(flags({"args": service["command"]})[option])
        source = ROOT / folders[str(path.parent)] / path.name
        assert source.is_file(), option
        if option == "batching_parameters_file":
            overlay = {"cpu": "k8s/base", "gpu": "k8s/overlays/gpu"}[name]
            assert source.resolve() == ROOT / overlay / "batching.config"


def test_a_gpu_has_the_settings_of_the_overlay() -> None:
    service = services("gpu")["model-server"]
    overlay = yaml.safe_load((K8S / "overlays/gpu/model-server.yaml").read_text())
    (expected,) = overlay["spec"]["template"]["spec"]["containers"]
    assert service["environment"] == environment(expected)
    assert quantity(memory(service)[:-1] + "Gi") == quantity(
        expected["resources"]["limits"]["memory"]
    )
    (device,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    kustomization = (K8S / "overlays/gpu/kustomization.yaml").read_text()
    fraction = flags({"args": service["command"]})["per_process_gpu_memory_fraction"]
    assert f"--per_process_gpu_memory_fraction={fraction}" in kustomization


@pytest.mark.parametrize("name", FILES)
def test_models_are_seeded_first_and_only_the_gateway_is_published(name: str) -> None:
    all_services = services(name)
    needed = all_services["model-server"]["depends_on"]
    assert needed["seed"] == {"condition": "service_completed_successfully"}
    assert "models:/models" in all_services["seed"]["volumes"]
    assert "models:/models:ro" in all_services["model-server"]["volumes"]
    assert [each for each, service in all_services.items() if "ports" in service] == ["gateway"]
    (port,) = all_services["gateway"]["ports"]
    assert port == "${ADDRESS:-127.0.0.1:8080}:8080"


def test_model_servers_reach_nothing() -> None:
    networks = yaml.safe_load((ROOT / "compose.yaml").read_text())["networks"]
    assert networks["models"]["internal"] is True
    assert services("cpu")["model-server"]["networks"] == ["models"]


def test_tags_are_the_version_of_the_tree() -> None:
    text = (ROOT / "packaging/serving/pyproject.toml").read_text()
    (version,) = re.findall(r'^version = "(.+)"', text, re.M)
    images = [service["image"] for service in services("gpu").values()]
    own = [image for image in images if "photolabel" in image]
    assert len(own) == 4
    assert all(f"${{TAG:-{version}}}" in image for image in own)
