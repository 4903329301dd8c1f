"""The training Job, and the Job that loads its data."""

from pathlib import PurePosixPath

import pytest

from tests.k8s.jobs import argument, only_container
from tests.k8s.manifests import Manifest, build, environment, find, of_kind, pods, quantity
from training.__main__ import main
from training.errors import Preempted, Refused, UsageError
from training.recipes import DEFAULTS

DEVICES = {"gpu": "training", "cpu": "training, cpu"}
LOADERS = {"gpu": "data", "cpu": "data, cpu"}
NODES = ("nodeSelector", "affinity", "tolerations", "serviceAccountName")


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def job(device: str) -> Manifest:
    (job,) = build(DEVICES[device])
    return job


@pytest.fixture
def container(job: Manifest) -> Manifest:
    return only_container(job)


def test_training_understands_the_arguments(
    container: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    model = argument(container, "--default-of")
    assert model in DEFAULTS
    # Arguments are parsed before the model is looked up: an unknown one would be reported instead.
    given = ["no-such-model" if each == model else each for each in container["args"]]
    given[given.index("--model_config_file") + 1] = "k8s/base/models.config"
    assert main(given) == 2
    assert "no model 'no-such-model'" in capsys.readouterr().err


def test_everything_written_is_on_a_volume(container: Manifest) -> None:
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    paths = [argument(container, flag) for flag in ("--models", "--runs", "--model_config_file")]
    paths += [path for path in environment(container).values() if path.startswith("/")]
    paths.remove(container["terminationMessagePath"])  # Kubernetes mounts it.
    for path in paths:
        assert any(PurePosixPath(path).is_relative_to(mount) for mount in mounts), path


def test_it_publishes_where_the_model_server_reads(job: Manifest) -> None:
    server = find(build("gpu"), "Deployment", "model-server")
    claims = {
        volume["persistentVolumeClaim"]["claimName"]
        for workload in (job, server)
        for volume in workload["spec"]["template"]["spec"]["volumes"]
        if volume["name"] == "models"
    }
    assert claims == {"models"}


def test_the_gate_reads_the_file_of_the_model_server(job: Manifest, container: Manifest) -> None:
    server = find(build("gpu"), "Deployment", "model-server")
    (serving,) = (each for each in server["spec"]["template"]["spec"]["containers"])
    (flag,) = (each for each in serving["args"] if each.startswith("--model_config_file="))
    assert flag == f"--model_config_file={argument(container, '--model_config_file')}"
    (volume,) = (each for each in job["spec"]["template"]["spec"]["volumes"] if "configMap" in each)
    assert volume["configMap"] == {"name": "models", "optional": True}
    assert find(build("gpu"), "ConfigMap", "models")


def test_it_takes_a_gpu_only_where_it_trains_on_one(
    device: str, job: Manifest, container: Manifest
) -> None:
    assert argument(container, "--device") == device
    limits, pod = container["resources"]["limits"], job["spec"]["template"]["spec"]
    tolerated = {each["key"] for each in pod.get("tolerations", [])}
    assert (limits.get("nvidia.com/gpu") == "1") == (device == "gpu")
    assert ("nvidia.com/gpu" in tolerated) == (device == "gpu")
    assert ("nodeAffinity" in pod["affinity"]) == (device == "gpu")
    assert container["image"].endswith("-cpu") == (device == "cpu")


def test_it_cleans_up_after_itself(job: Manifest) -> None:
    assert job["spec"]["ttlSecondsAfterFinished"] > 0
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_a_preempted_pod_is_replaced_and_continues(job: Manifest, container: Manifest) -> None:
    spec = job["spec"]
    rules = spec["podFailurePolicy"]["rules"]
    actions = {
        status: rule["action"]
        for rule in rules
        for status in rule.get("onExitCodes", {}).get("values", [])
    }
    assert actions == {
        UsageError.exit_status: "FailJob",
        Refused.exit_status: "FailJob",
        Preempted.exit_status: "Ignore",
    }
    names = {rule["onExitCodes"]["containerName"] for rule in rules if "onExitCodes" in rule}
    assert names == {container["name"]}
    assert {"type": "DisruptionTarget", "status": "True"} in [
        condition for rule in rules for condition in rule.get("onPodConditions", [])
    ]
    assert spec["backoffLimit"] > 0
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= 60
    assert "--fresh" not in container["args"], "a new pod would not continue"


@pytest.mark.parametrize("name", ["training", "training, cpu", "experiments", "prune"])
def test_kubernetes_reads_how_it_ended(name: str) -> None:
    ((_, pod),) = pods(build(name))
    (container,) = pod["spec"]["containers"]
    (written,) = (
        each["value"] for each in container["env"] if each["name"] == "PHOTOLABEL_TERMINATION_LOG"
    )
    assert written == container["terminationMessagePath"]
    assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_data_are_loaded_on_a_node_where_training_can_run(device: str, job: Manifest) -> None:
    (loader,) = of_kind(build(LOADERS[device]), "Job")
    training, loading = (each["spec"]["template"]["spec"] for each in (job, loader))
    assert {name: loading.get(name) for name in NODES} == {
        name: training.get(name) for name in NODES
    }

    def claims(pod: Manifest) -> set[str]:
        volumes = (each.get("persistentVolumeClaim") for each in pod["volumes"])
        return {volume["claimName"] for volume in volumes if volume}

    # A volume that is bound to one node, such as a local one, binds both pods to it.
    assert claims(loading) == claims(training) == {"data", "models"}
    (claim,) = of_kind(build(LOADERS[device]), "PersistentVolumeClaim")
    assert claim["metadata"]["name"] == "data"
    assert quantity(claim["spec"]["resources"]["requests"]["storage"]) > 11e9  # docs say 11 GB


def test_loading_ends_after_a_day_without_a_failure_and_holds_no_gpu() -> None:
    (loader,) = of_kind(build("data"), "Job")
    container = only_container(loader)
    assert container["command"] == ["sleep", str(24 * 60 * 60)]
    assert "activeDeadlineSeconds" not in loader["spec"], "the Job would be a failed one"
    assert "nvidia.com/gpu" not in container["resources"]["limits"]


def test_no_overlay_contains_a_job() -> None:
    for name in ("cpu", "gpu"):
        assert all(manifest["kind"] != "Job" for manifest in build(name))
