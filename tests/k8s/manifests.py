"""The manifests as kustomize builds them, and helpers to query them."""

import functools
import importlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "k8s"

Manifest = dict[str, Any]

# What an operator can build: folders, and overlays with optional components.
BUILDS: dict[str, tuple[str, ...]] = {
    "cpu": ("overlays/cpu",),
    "gpu": ("overlays/gpu",),
    "kind": ("overlays/kind",),
    "cpu, many nodes": ("overlays/cpu", "components/many-nodes"),
    "gpu, many nodes": ("overlays/gpu", "components/many-nodes"),
    "cpu, ingress": ("overlays/cpu", "components/ingress"),
    "cpu, Gateway API": ("overlays/cpu", "components/gateway-api"),
    "cpu, API keys": ("overlays/cpu", "components/api-keys"),
    "cpu, tracing": ("overlays/cpu", "components/tracing"),
    "gpu, GPU nodes": ("overlays/gpu", "components/gpu-nodes"),
    "cpu, many nodes, read-only models": (
        "overlays/cpu",
        "components/many-nodes",
        "components/models-read-only",
    ),
    "cpu, object store": ("overlays/cpu", "components/models-from-object-store"),
    "gpu, many nodes, TLS, object store": (
        "overlays/gpu",
        "components/many-nodes",
        "components/model-server-tls",
        "components/models-from-object-store",
    ),
    "upload models": ("upload-models",),
    "upload models, GPU nodes": ("upload-models", "components/gpu-nodes"),
    "upload models, private registry": ("upload-models", "components/private-registry"),
    "production example": ("overlays/prod-example",),
    "training, GPU nodes": ("training", "components/gpu-nodes"),
    "cpu, TLS": ("overlays/cpu", "components/model-server-tls"),
    "cpu, monitoring, autoscaling": (
        "overlays/cpu",
        "components/monitoring",
        "components/autoscaling",
    ),
    "gpu, many nodes, TLS": (
        "overlays/gpu",
        "components/many-nodes",
        "components/model-server-tls",
    ),
    "cpu, monitoring": ("overlays/cpu", "components/monitoring"),
    "cpu, private registry": ("overlays/cpu", "components/private-registry"),
    "gpu, NVIDIA runtime": ("overlays/gpu", "components/nvidia-runtime"),
    "training": ("training",),
    "training, NVIDIA runtime": ("training", "components/nvidia-runtime"),
    "experiments": ("experiments",),
    "experiments, NVIDIA runtime": ("experiments", "components/nvidia-runtime"),
    "data": ("data",),
    "data, cpu": ("data/cpu",),
    "training, cpu": ("training/cpu",),
    "prune": ("prune",),
    "prune, GPU nodes": ("prune", "components/gpu-nodes"),
    "prune, certificates": ("prune", "components/prune-tls"),
}
# What builds tests of their own are for: they have further files, containers or rules.
_TESTED_ELSEWHERE = {
    "overlays/prod-example",
    "components/api-keys",
    "components/models-from-object-store",
    "components/models-read-only",
    "components/monitoring",
    "components/tracing",
}
# Builds that hold the whole service, and that the tests of gateway and model server are for.
DEPLOYMENTS = [
    name
    for name, (folder, *components) in BUILDS.items()
    if folder.startswith("overlays/") and not _TESTED_ELSEWHERE & {folder, *components}
]


def tool(name: str) -> str:
    """Return the path of an executable next to Python's or in PATH; skip the test without it."""
    sibling = Path(sys.executable).with_name(name)
    path = str(sibling) if sibling.is_file() else shutil.which(name)
    return path or missing(name)


def missing(name: str) -> NoReturn:
    """Skip the test, or fail it if `make test-k8s` runs it."""
    message = f"{name} not found: make test-k8s needs it, and runs this test"
    if os.environ.get("REQUIRE_K8S_TOOLS"):
        pytest.fail(message)
    pytest.skip(message)


def kubernetes_validate() -> Any:
    """Return the module of that name; skip the test without it."""
    try:
        return importlib.import_module("kubernetes_validate")
    except ImportError:
        missing("kubernetes-validate")


@functools.cache
def build(name: str) -> tuple[Manifest, ...]:
    """Return the manifests of one of `BUILDS`."""
    folder, *components = BUILDS[name]
    if not components:
        return kustomize(K8S / folder)
    return kustomize_together(K8S, folder, (*components, "components/namespace"))


def kustomize_together(k8s: Path, folder: str, components: Sequence[str]) -> tuple[Manifest, ...]:
    """Return the manifests of a folder in `k8s` with components, as if its file listed them."""
    with tempfile.TemporaryDirectory() as top:
        # kustomize takes folders by relative paths only.
        target, back = Path(top).resolve(), "../" * (len(Path(top).resolve().parts) - 1)
        paths = [back + str((k8s / part).relative_to("/")) for part in (folder, *components)]
        kustomization = {"resources": paths[:1], "components": paths[1:]}
        (target / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return kustomize(target)


def kustomize(folder: Path) -> tuple[Manifest, ...]:
    """Return the manifests of a folder with a `kustomization.yaml`."""
    command = [tool("kubectl"), "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def of_kind(manifests: tuple[Manifest, ...], kind: str) -> list[Manifest]:
    return [manifest for manifest in manifests if manifest["kind"] == kind]


def find(manifests: tuple[Manifest, ...], kind: str, name: str) -> Manifest:
    (found,) = (each for each in of_kind(manifests, kind) if each["metadata"]["name"] == name)
    return found


def pods(manifests: tuple[Manifest, ...]) -> Iterator[tuple[str, Manifest]]:
    """Yield each workload's name and its pod: `{"metadata": …, "spec": …}`."""
    for manifest in manifests:
        if manifest["kind"] == "Pod":
            yield manifest["metadata"]["name"], manifest
        elif manifest["kind"] == "CronJob":
            yield manifest["metadata"]["name"], manifest["spec"]["jobTemplate"]["spec"]["template"]
        elif manifest["kind"] in ("Deployment", "Job"):
            yield manifest["metadata"]["name"], manifest["spec"]["template"]


def containers(pod: Manifest) -> list[Manifest]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def environment(container: Manifest) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container.get("env", [])}


def config_files(manifests: tuple[Manifest, ...], pod: Manifest) -> dict[str, str]:
    """Return the files from ConfigMaps that a pod's first container sees: path and text."""
    mounts = {
        each["name"]: each["mountPath"] for each in pod["spec"]["containers"][0]["volumeMounts"]
    }
    return {
        f"{mounts[volume['name']]}/{key}": text
        for volume in pod["spec"]["volumes"]
        if "configMap" in volume and volume["name"] in mounts
        for key, text in find(manifests, "ConfigMap", volume["configMap"]["name"])["data"].items()
    }


def probe_seconds(probe: Manifest) -> int:
    """Return after how many seconds of failures a probe has its effect."""
    return int(probe["periodSeconds"] * probe["failureThreshold"])


def ports(pod: Manifest) -> dict[str, int]:
    return {
        port["name"]: port["containerPort"]
        for container in containers(pod)
        for port in container.get("ports", [])
    }


def matches(selector: dict[str, str], pod: Manifest) -> bool:
    labels: dict[str, str] = pod["metadata"]["labels"]
    return selector.items() <= labels.items()


def flags(container: Manifest) -> dict[str, str]:
    """Return the values of a container's `--name=value` arguments by name."""
    pairs = (argument.removeprefix("--").partition("=") for argument in container["args"])
    return {name: value for name, _, value in pairs}


def quantity(text: str) -> float:
    """Return a Kubernetes quantity, such as `500m` or `4Gi`, as a number."""
    number, unit = re.fullmatch(r"([0-9.]+)(m|[KMGT]i?)?", text).groups()  # type: ignore[union-attr]
    factors = {None: 1.0, "m": 1e-3}
    powers = {letter: power for power, letter in enumerate("KMGT", start=1)}
    if unit not in factors:
        factors[unit] = (1024.0 if unit.endswith("i") else 1000.0) ** powers[unit[0]]
    return float(number) * factors[unit]
