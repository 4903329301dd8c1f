"""The namespace is written in one place, and changing it there changes it everywhere."""

import shutil
from pathlib import Path

import pytest
import yaml

from tests.k8s.manifests import (
    BUILDS,
    K8S,
    Manifest,
    build,
    kustomize,
    kustomize_together,
    of_kind,
)

COMPONENT = "components/namespace/kustomization.yaml"
NAMESPACE = yaml.safe_load((K8S / COMPONENT).read_text())["namespace"]
# Not part of any namespace.
CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding", "PriorityClass", "GatewayClass"}
# Builds that together hold every file: the others differ only in how these are put together.
FOLDERS = sorted({folder for folder, *_ in BUILDS.values()})


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the manifests in which that one line was changed."""
    copy = tmp_path_factory.mktemp("namespace") / "k8s"
    shutil.copytree(K8S, copy)
    component = copy / COMPONENT
    component.write_text(component.read_text().replace(f": {NAMESPACE}\n", ": pictures\n"))
    return copy


def namespaces(manifests: tuple[Manifest, ...]) -> set[str]:
    inside = {m["metadata"]["namespace"] for m in manifests if m["kind"] not in CLUSTER_WIDE}
    return inside | {m["metadata"]["name"] for m in of_kind(manifests, "Namespace")}


@pytest.mark.parametrize("name", BUILDS)
def test_everything_is_in_one_namespace(name: str) -> None:
    assert namespaces(build(name)) == {NAMESPACE}


@pytest.mark.parametrize("folder", FOLDERS)
def test_one_line_moves_a_folder_to_another_namespace(moved: Path, folder: str) -> None:
    assert namespaces(kustomize(moved / folder)) == {"pictures"}


def test_one_line_moves_an_overlay_with_every_component(moved: Path) -> None:
    components = {part for _, *parts in BUILDS.values() for part in parts}
    together = kustomize_together(
        moved, "overlays/gpu", [*sorted(components), "components/namespace"]
    )
    assert namespaces(together) == {"pictures"}


def test_an_overlay_of_ones_own_sets_another_namespace(tmp_path: Path) -> None:
    shutil.copytree(K8S, tmp_path / "k8s")
    kustomization = {"namespace": "pictures", "resources": ["k8s/overlays/cpu"]}
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    assert namespaces(kustomize(tmp_path)) == {"pictures"}


def test_it_is_written_nowhere_else() -> None:
    for path in sorted(K8S.rglob("*.yaml")):
        lines = [line.strip() for line in path.read_text().splitlines()]
        assert path == K8S / COMPONENT or f"namespace: {NAMESPACE}" not in lines, path


def test_it_is_the_last_component() -> None:
    for path in sorted(K8S.rglob("kustomization.yaml")):
        components = yaml.safe_load(path.read_text()).get("components", [])
        assert all(not part.endswith("/namespace") for part in components[:-1]), path
