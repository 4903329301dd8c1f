"""A release of the gateway leaves the model server alone, and the other way round."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.k8s.manifests import BUILDS, K8S, Manifest, build, find, kustomize_together

IMAGES = "components/images/kustomization.yaml"


def pod_templates(manifests: tuple[Manifest, ...]) -> dict[str, Manifest]:
    """Return the pod template of each Deployment: a changed one replaces its pods."""
    return {
        deployment: find(manifests, "Deployment", deployment)["spec"]["template"]
        for deployment in ("gateway", "model-server")
    }


def released(top: Path, name: str, image: str, **changes: str) -> dict[str, Manifest]:
    """Return the pod templates after changes to one entry of `components/images`."""
    copy = top / "k8s"
    shutil.copytree(K8S, copy)
    component = yaml.safe_load((copy / IMAGES).read_text())
    (entry,) = (each for each in component["images"] if each["name"] == image)
    entry.update(changes)
    (copy / IMAGES).write_text(yaml.safe_dump(component, sort_keys=False))
    folder, *components = BUILDS[name]
    return pod_templates(kustomize_together(copy, folder, (*components, "components/namespace")))


@pytest.mark.parametrize("name", ["cpu", "gpu, many nodes, TLS"])
def test_the_gateways_tag_changes_nothing_in_the_model_server(tmp_path: Path, name: str) -> None:
    after = released(tmp_path, name, "photolabel-serve", newTag="mistyped")
    assert after["model-server"] == pod_templates(build(name))["model-server"]
    (gateway,) = after["gateway"]["spec"]["containers"]
    assert gateway["image"] == "photolabel-serve:mistyped"


def test_a_registry_for_the_gateway_changes_nothing_in_the_model_server(tmp_path: Path) -> None:
    registry = {"newName": "registry.example.com/photolabel-serve", "newTag": "9.9.9"}
    after = released(tmp_path, "cpu", "photolabel-serve", **registry)
    assert after["model-server"] == pod_templates(build("cpu"))["model-server"]
    (gateway,) = after["gateway"]["spec"]["containers"]
    assert gateway["image"] == "registry.example.com/photolabel-serve:9.9.9"


def test_the_tag_of_the_init_containers_changes_all_of_them_and_no_gateway(tmp_path: Path) -> None:
    name = "gpu, many nodes, TLS"
    after = released(tmp_path, name, "photolabel-seed", newTag="9.9.9")
    assert after["gateway"] == pod_templates(build(name))["gateway"]
    images = {each["image"] for each in after["model-server"]["spec"]["initContainers"]}
    assert images == {"photolabel-serve:9.9.9"}
