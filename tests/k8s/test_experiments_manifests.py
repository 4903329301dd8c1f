"""The Job of a sweep by several pods."""

from pathlib import PurePosixPath

import pytest

from tests.k8s.manifests import Manifest, build, find, matches
from training.__main__ import main
from training.errors import Preempted, UsageError


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
    assert actions == {UsageError.exit_status: "FailJob", Preempted.exit_status: "Ignore"}


def test_all_that_is_kept_is_on_the_volume() -> None:
    arguments = _container()["args"]
    for flag in ("--data", "--runs", "--output"):
        assert PurePosixPath(arguments[arguments.index(flag) + 1]).is_relative_to("/data"), flag


def test_its_pods_reach_a_database_in_the_namespace() -> None:
    policy = find(build("experiments"), "NetworkPolicy", "experiments-database")["spec"]
    [rule] = policy["ingress"]
    [peer] = rule["from"]
    assert matches(peer["podSelector"]["matchLabels"], _job()["spec"]["template"])
    assert [port["port"] for port in rule["ports"]] == [5432]


def _job() -> Manifest:
    return find(build("experiments"), "Job", "sweep")


def _container() -> Manifest:
    (container,) = _job()["spec"]["template"]["spec"]["containers"]
    return dict(container)
