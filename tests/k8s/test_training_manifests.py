"""The training Job: what make train-k8s sends to the cluster."""

import os
import subprocess

import pytest
import yaml

from tests.k8s.manifests import (
    ROOT,
    Manifest,
    build,
    environment,
    kubernetes_validate,
    pods,
    tool,
)
from training.__main__ import main
from training.errors import Preempted, Refused, UsageError
from training.recipes import DEFAULTS


@pytest.fixture(scope="module")
def jobs() -> list[Manifest]:
    tool("kubectl")
    make = tool("make")
    # If the tests run under make, this make would inherit its flags and list of models.
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "MODEL")
    }
    command = [make, "--silent", "train-k8s", "MODEL=clothing cats-dogs", "CREATE=sed 1i---"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def test_every_model_gets_a_job_with_a_generated_name(jobs: list[Manifest]) -> None:
    assert [job["metadata"].get("name") for job in jobs] == [None, None]
    prefixes = [job["metadata"]["generateName"] for job in jobs]
    assert prefixes == ["train-clothing-", "train-cats-dogs-"]
    models = [environment(_container(job))["MODEL"] for job in jobs]
    assert models == ["clothing", "cats-dogs"]


def test_the_job_differs_from_the_manifest_in_nothing_else(jobs: list[Manifest]) -> None:
    (written,) = build("training")
    assert _container(jobs[0]) == _container(written)
    assert jobs[0]["metadata"]["namespace"] == written["metadata"]["namespace"]


def test_generated_jobs_are_valid(jobs: list[Manifest]) -> None:
    validator = kubernetes_validate()
    for job in jobs:
        spec = {key: job[key] for key in ("apiVersion", "kind", "metadata", "spec")}
        validator.validate(spec, validator.latest_version(), strict=True)


def test_training_understands_the_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    container = _container(build("training")[0])
    given = ["no-such-model" if each == "$(MODEL)" else each for each in container["args"]]
    # Arguments are parsed before the model is looked up: an unknown one would be reported instead.
    assert main(given) == 2
    assert "no model 'no-such-model'" in capsys.readouterr().err
    assert environment(container)["MODEL"] in DEFAULTS


def test_everything_written_is_on_a_volume() -> None:
    container = _container(build("training")[0])
    mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
    arguments = container["args"]
    paths = [arguments[arguments.index(flag) + 1] for flag in ("--data", "--models", "--runs")]
    paths += [path for path in environment(container).values() if path.startswith("/")]
    for path in paths:
        assert any(path == mount or path.startswith(f"{mount}/") for mount in mounts), path


def test_it_publishes_where_the_model_server_reads() -> None:
    (_, job), (_, server) = next(pods(build("training"))), list(pods(build("gpu")))[1]
    claims = [
        volume["persistentVolumeClaim"]["claimName"]
        for pod in (job, server)
        for volume in pod["spec"]["volumes"]
        if volume["name"] == "models"
    ]
    assert claims == ["models", "models"]


def test_it_takes_one_gpu_and_cleans_up_after_itself() -> None:
    (job,) = build("training")
    assert _container(job)["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert job["spec"]["ttlSecondsAfterFinished"] > 0
    assert job["spec"]["template"]["spec"]["restartPolicy"] == "Never"


def test_a_preempted_pod_is_replaced_and_continues() -> None:
    (job,) = build("training")
    spec = job["spec"]
    rules = spec["podFailurePolicy"]["rules"]
    actions = {
        status: rule["action"]
        for rule in rules
        for status in rule.get("onExitCodes", {}).get("values", [])
    }
    assert actions == {
        2: "FailJob",
        Refused.exit_status: "FailJob",
        Preempted.exit_status: "Ignore",
    }
    assert UsageError.exit_status == 2
    assert {rule["onExitCodes"]["containerName"] for rule in rules if "onExitCodes" in rule} == {
        _container(job)["name"]
    }
    assert {"type": "DisruptionTarget", "status": "True"} in [
        condition for rule in rules for condition in rule.get("onPodConditions", [])
    ]
    assert spec["backoffLimit"] > 0
    assert spec["template"]["spec"]["terminationGracePeriodSeconds"] >= 60
    assert "--fresh" not in _container(job)["args"], "a new pod would not continue"


def test_no_overlay_contains_a_job() -> None:
    for name in ("cpu", "gpu"):
        assert all(manifest["kind"] != "Job" for manifest in build(name))


def _container(job: Manifest) -> Manifest:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return dict(container)
