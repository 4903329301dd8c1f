"""The Job of a sweep by several pods."""

import copy
from pathlib import PurePosixPath

import pytest

from tests.k8s.jobs import argument, only_container
from tests.k8s.manifests import Manifest, build, find, matches
from training.__main__ import main
from training.errors import Preempted, Refused, UsageError


def test_a_sweep_understands_the_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    given = _container()["args"]
    # Arguments are parsed before the study is looked up: an unknown one would be reported instead.
    assert main(["sweep", "no-such-study", *given[2:]]) == UsageError.exit_status
    assert "no-such-study" in capsys.readouterr().err
    assert given[:2] == ["sweep", "clothing-course"]


def test_the_password_comes_from_a_secret_and_is_in_no_argument() -> None:
    container = _container()
    [password] = (each for each in container["env"] if each["name"] == "PGPASSWORD")
    assert password["valueFrom"]["secretKeyRef"]["name"] == "experiments-database"
    url = container["args"][container["args"].index("--storage") + 1]
    assert url.startswith("postgresql://")
    assert ":" not in url.removeprefix("postgresql://")


def test_every_pod_has_retries_of_its_own() -> None:
    spec = _job()["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"] > 1
    assert spec["backoffLimitPerIndex"] > 0
    assert "backoffLimit" not in spec
    actions = {
        status: rule["action"]
        for rule in spec["podFailurePolicy"]["rules"]
        for status in rule.get("onExitCodes", {}).get("values", [])
    }
    # As in the training Job; a sweep publishes nothing, and is never refused.
    assert actions == {
        UsageError.exit_status: "FailJob",
        Refused.exit_status: "FailJob",
        Preempted.exit_status: "Ignore",
    }


def test_all_that_is_kept_is_on_the_volume() -> None:
    container = _container()
    paths = [argument(container, flag) for flag in ("--runs", "--output")]
    paths += [
        each["value"] for each in container["env"] if each["name"].endswith(("_DATA", "_CACHE"))
    ]
    assert len(paths) == 4
    for path in paths:
        assert PurePosixPath(path).is_relative_to("/data")


def test_it_has_the_pods_of_the_training_job() -> None:
    """But for what differs between them: command, volumes and the password."""
    (job,) = copy.deepcopy(build("training"))
    sweep, training = (each["spec"]["template"]["spec"] for each in (_job(), job))
    for pod in (sweep, training):
        (pod["container"],) = pod.pop("containers")
        for name in ("args", "volumeMounts"):
            del pod["container"][name]
        del pod["volumes"]
        pod["container"]["env"] = [each for each in pod["container"]["env"] if "value" in each]
    assert sweep == training


def test_its_pods_reach_a_database_in_the_namespace() -> None:
    policy = find(build("experiments"), "NetworkPolicy", "experiments-database")["spec"]
    [rule] = policy["ingress"]
    [peer] = rule["from"]
    assert matches(peer["podSelector"]["matchLabels"], _job()["spec"]["template"])
    assert [port["port"] for port in rule["ports"]] == [5432]


def _job() -> Manifest:
    return copy.deepcopy(find(build("experiments"), "Job", "sweep"))


def _container() -> Manifest:
    return only_container(_job())
