"""What small optional components change."""

from pathlib import Path

import yaml

from tests.k8s.manifests import BUILDS, K8S, ROOT, Manifest, build, find, of_kind, pods


def test_every_component_and_overlay_is_built_and_documented() -> None:
    documents = sorted((ROOT / "docs").glob("kubernetes*.md"))
    text = "\n".join(document.read_text("utf-8") for document in documents)
    built: set[Path] = set()
    waiting = {K8S / part for parts in BUILDS.values() for part in parts}
    while waiting:
        folder = waiting.pop()
        built.add(folder)
        kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
        parts = [*kustomization.get("components", []), *kustomization.get("resources", [])]
        waiting |= {path for part in parts if (path := (folder / part).resolve()).is_dir()} - built
    for path in [*K8S.glob("components/*"), *K8S.glob("overlays/*")]:
        assert path in built
        assert f"k8s/{path.relative_to(K8S)}`" in text or f"`{path.name}`" in text, path


def test_every_pod_can_pull_from_a_private_registry() -> None:
    applied = [build("cpu, private registry"), build("upload models, private registry")]
    with_secret = {
        account["metadata"]["name"]
        for manifests in applied
        for account in of_kind(manifests, "ServiceAccount")
        if account.get("imagePullSecrets") == [{"name": "registry"}]
    }
    others = ("training", "experiments", "data", "prune", "upload models")
    for name in ("cpu, private registry", *others):
        for workload, pod in pods(build(name)):
            assert pod["spec"]["serviceAccountName"] in with_secret, workload


def test_the_secret_for_a_private_registry_is_documented() -> None:
    document = (ROOT / "docs" / "kubernetes.md").read_text("utf-8")
    (account, *_) = of_kind(build("cpu, private registry"), "ServiceAccount")
    (secret,) = account["imagePullSecrets"]
    assert f"create secret docker-registry {secret['name']} " in document


def test_pods_with_gpus_get_the_runtime_class_of_the_component() -> None:
    names = ("gpu", "gpu, NVIDIA runtime", "training, NVIDIA runtime")
    for name in (*names, "experiments, NVIDIA runtime"):
        expected = "nvidia" if "runtime" in name else None
        for workload, pod in pods(build(name)):
            runtime = pod["spec"].get("runtimeClassName")
            assert runtime == (expected if _gpus(pod) else None), (name, workload)


def test_a_laptop_needs_one_pod_of_each_deployment_and_little_of_it() -> None:
    laptop, server = build("kind"), build("cpu")
    assert not of_kind(laptop, "PodDisruptionBudget")
    for deployment in ("gateway", "model-server"):
        assert find(laptop, "Deployment", deployment)["spec"]["replicas"] == 1
    images = {
        container["image"]: container.get("imagePullPolicy")
        for _, pod in pods(laptop)
        for container in [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]
    }
    # Those of this project are loaded into the cluster, the other one is pulled.
    assert {policy for image, policy in images.items() if "photolabel" in image} == {"Never"}
    assert {policy for image, policy in images.items() if "photolabel" not in image} == {None}
    assert _names(laptop) == _names(server) - {("PodDisruptionBudget", "gateway")}


def _gpus(pod: Manifest) -> bool:
    return any(
        "nvidia.com/gpu" in each["resources"]["limits"] for each in pod["spec"]["containers"]
    )


def _names(manifests: tuple[Manifest, ...]) -> set[tuple[str, str]]:
    return {(each["kind"], each["metadata"]["name"]) for each in manifests}
