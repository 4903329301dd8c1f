"""Numbers in docs/kubernetes-training.md are those of the manifests."""

import pytest

from tests.k8s.jobs import only_container
from tests.k8s.manifests import ROOT, Manifest, build, find, of_kind, quantity

WORDS = {24 * 60 * 60: "a day", 7 * 24 * 60 * 60: "a week"}


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "docs/kubernetes-training.md").read_text("utf-8")


@pytest.fixture
def job() -> Manifest:
    (job,) = build("training")
    return job


def test_memory_and_cpus(text: str, job: Manifest) -> None:
    resources = only_container(job)["resources"]
    memory = {
        what: f"{quantity(resources[what]['memory']) / 2**30:g} GiB"
        for what in ("requests", "limits")
    }
    assert f"requests {resources['requests']['cpu']} CPUs and {memory['requests']}" in text
    assert f"may use {memory['limits']}" in text


def test_times(text: str, job: Manifest) -> None:
    grace = job["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert f"told to stop has {grace} s for its checkpoint" in text
    assert f"removed {WORDS[job['spec']['ttlSecondsAfterFinished']]} after" in text
    (loader,) = of_kind(build("data"), "Job")
    assert f"The loader waits {WORDS[int(only_container(loader)['command'][1])]}" in text


def test_retries(text: str, job: Manifest) -> None:
    assert text.count(f"replaces the pod, {job['spec']['backoffLimit']} times") == 2
    sweep = find(build("experiments"), "Job", "sweep")["spec"]
    assert f"fails is replaced {sweep['backoffLimitPerIndex']} times" in text
    assert f"Indexed Job: {sweep['completions']} pods" in text


def test_the_volume_of_the_data(text: str) -> None:
    (claim,) = of_kind(build("data"), "PersistentVolumeClaim")
    size = quantity(claim["spec"]["resources"]["requests"]["storage"])
    assert f"the volume's {size / 2**30:g} GiB" in text


def test_pruning(text: str) -> None:
    prune = find(build("prune"), "CronJob", "prune")["spec"]
    minute, hour, *rest = prune["schedule"].split()
    assert rest == ["*", "*", "*"]
    assert f"runs at {hour:>02}:{minute:>02} UTC every day" in text
    assert prune["timeZone"] == "Etc/UTC"
    (keep,) = (
        each.partition("=")[2]
        for each in only_container(prune["jobTemplate"])["args"]
        if each.startswith("--keep=")
    )
    assert f"keeps the {keep} newest versions" in text


@pytest.mark.parametrize("name", ["training", "data", "experiments"])
def test_labels_of_gpu_nodes(text: str, name: str) -> None:
    (job,) = of_kind(build(name), "Job")
    affinity = job["spec"]["template"]["spec"]["affinity"]["nodeAffinity"]
    terms = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    for term in terms[:2]:
        (expression,) = term["matchExpressions"]
        assert f"`{expression['key']}={expression['values'][0]}`" in text
