"""What uses a GPU runs on the pool of GPU nodes, and only that."""

import pytest

from tests.k8s.manifests import Manifest, build, containers, pods

POOL = {"key": "photolabel/pool", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}


def uses_a_gpu(pod: Manifest) -> bool:
    return any("nvidia.com/gpu" in each["resources"]["limits"] for each in containers(pod))


@pytest.mark.parametrize("name", ["gpu, GPU nodes", "training, GPU nodes", "production example"])
def test_pods_with_a_gpu_run_in_the_pool(name: str) -> None:
    gpu_pods = [pod for _, pod in pods(build(name)) if uses_a_gpu(pod)]
    assert gpu_pods
    for pod in gpu_pods:
        assert pod["spec"]["nodeSelector"] == {"kubernetes.io/arch": "amd64", POOL["key"]: "gpu"}
        assert POOL in pod["spec"]["tolerations"]
        # Nodes with NVIDIA's own taint stay possible.
        assert {"nvidia.com/gpu"} < {each["key"] for each in pod["spec"]["tolerations"]}


@pytest.mark.parametrize("name", ["prune", "upload models"])
def test_pods_that_follow_the_volume_are_admitted_to_the_pool(name: str) -> None:
    ((_, server),) = (each for each in pods(build("gpu, GPU nodes")) if uses_a_gpu(each[1]))
    ((_, pod),) = pods(build(f"{name}, GPU nodes"))
    assert pod["spec"]["tolerations"] == server["spec"]["tolerations"]
    assert POOL["key"] not in pod["spec"].get("nodeSelector", {})


@pytest.mark.parametrize("name", ["gpu, GPU nodes", "production example"])
def test_other_pods_stay_outside(name: str) -> None:
    for workload, pod in pods(build(name)):
        if not uses_a_gpu(pod):
            assert POOL["key"] not in pod["spec"].get("nodeSelector", {}), workload
            assert "tolerations" not in pod["spec"], workload
