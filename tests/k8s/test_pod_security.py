"""Every pod meets the restricted Pod Security Standard, requests resources and has known images."""

import re
import tomllib

import pytest

from tests.k8s.manifests import (
    BUILDS,
    DEPLOYMENTS,
    ROOT,
    Manifest,
    build,
    containers,
    find,
    of_kind,
    pods,
)


@pytest.mark.parametrize("name", BUILDS)
def test_pods_are_restricted(name: str) -> None:
    for workload, pod in pods(build(name)):
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, workload
        assert spec["enableServiceLinks"] is False, workload
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        assert all({"hostPath"}.isdisjoint(volume) for volume in spec["volumes"])


@pytest.mark.parametrize("name", BUILDS)
def test_containers_are_restricted(name: str) -> None:
    for workload, pod in pods(build(name)):
        for container in containers(pod):
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": True,
            }, workload


@pytest.mark.parametrize("name", BUILDS)
def test_containers_request_resources(name: str) -> None:
    for workload, pod in pods(build(name)):
        for container in containers(pod):
            assert container["resources"]["requests"].keys() >= {"cpu", "memory"}, workload
            assert "memory" in container["resources"]["limits"], workload


@pytest.mark.parametrize("name", BUILDS)
def test_pods_have_accounts_of_their_own_without_rights(name: str) -> None:
    for workload, pod in pods(build(name)):
        assert pod["spec"]["serviceAccountName"] != "default", workload
    for account in of_kind(build(name), "ServiceAccount"):
        assert account["automountServiceAccountToken"] is False


@pytest.mark.parametrize("name", DEPLOYMENTS)
def test_namespace_enforces_the_standard(name: str) -> None:
    (namespace,) = of_kind(build(name), "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


@pytest.mark.parametrize("name", BUILDS)
def test_images_are_pinned_to_this_version_of_the_project(name: str) -> None:
    serving = ROOT / "packaging" / "serving" / "pyproject.toml"
    version = tomllib.loads(serving.read_text())["project"]["version"]
    for _, pod in pods(build(name)):
        for container in _all_but_rclone(pod):
            image, _, tag = container["image"].rpartition(":")
            if image not in ("photolabel-serve", "photolabel-train"):
                assert image == "tensorflow/serving"
            elif container in pod["spec"].get("initContainers", []):
                # Their tag stays when the gateway gets a new one.
                assert _numbers(tag) <= _numbers(version)
            else:
                assert tag.removesuffix("-cpu") == version


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def test_the_model_server_has_the_version_of_the_messages() -> None:
    locked = (ROOT / "requirements/protos.txt").read_text()
    found = re.search(r"^tensorflow-serving-api==(\S+)", locked, re.MULTILINE)
    assert found
    for name, suffix in (("cpu", ""), ("gpu", "-gpu")):
        server = find(build(name), "Deployment", "model-server")["spec"]["template"]
        (container,) = server["spec"]["containers"]
        assert container["image"] == f"tensorflow/serving:{found[1]}{suffix}"


@pytest.mark.parametrize("name", BUILDS)
def test_writers_and_readers_of_a_volume_are_the_same_user(name: str) -> None:
    users = {
        (pod["spec"]["securityContext"]["runAsUser"], pod["spec"]["securityContext"]["runAsGroup"])
        for build_name in (name, "gpu")
        for _, pod in pods(build(build_name))
    }
    assert len(users) == 1


def _all_but_rclone(pod: Manifest) -> list[Manifest]:
    return [each for each in containers(pod) if not each["image"].startswith("rclone/rclone:1.")]
