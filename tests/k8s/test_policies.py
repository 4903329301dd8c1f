"""Every build follows Checkov's policies for Kubernetes, or a reason says why not."""

import fnmatch
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.k8s.manifests import BUILDS, build, tool

EXCEPTIONS = yaml.safe_load(Path(__file__).with_name("policy_exceptions.yaml").read_text())

WORKLOADS = {"CronJob", "Deployment", "Job", "Pod"}

BAD_FILE = "bad.yaml"
# A privileged container as root, to see that findings are reported.
BAD_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "bad", "namespace": "photolabel"},
    "spec": {
        "containers": [{"name": "bad", "image": "bad", "securityContext": {"privileged": True}}]
    },
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Scan all builds and a bad pod at once, which takes no longer than one of them."""
    folder = tmp_path_factory.mktemp("policies")
    for number, name in enumerate(BUILDS):
        (folder / f"{number}.yaml").write_text(yaml.safe_dump_all(build(name)))
    (folder / BAD_FILE).write_text(yaml.safe_dump(BAD_POD))
    command = [tool("checkov"), "--directory", str(folder), "--framework", "kubernetes"]
    # It asks nothing on the network.
    command += ["--output", "json", "--compact", "--skip-download", "--soft-fail"]
    # Checkov's own packages, not those of the environment of the tests.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def findings(report: dict[str, Any], bad: bool = False) -> set[tuple[str, str]]:
    """Return the check and the object, such as `Deployment.gateway`, of each finding."""
    found = set()
    for each in report["results"]["failed_checks"]:
        if (each["file_path"] == f"/{BAD_FILE}") == bad:
            kind, _, *name = each["resource"].split(".")
            found.add((each["check_id"], f"{kind}.{'.'.join(name)}"))
    return found


def excepted(check: str, found: str) -> list[int]:
    """Return the exceptions that a finding is one of, by position."""
    return [
        position
        for position, each in enumerate(EXCEPTIONS)
        if each["check"] == check and any(fnmatch.fnmatch(found, o) for o in each["objects"])
    ]


def test_every_workload_was_scanned(report: dict[str, Any]) -> None:
    assert report["summary"]["parsing_errors"] == 0
    passed = {(each["file_path"], each["resource"]) for each in report["results"]["passed_checks"]}
    for number, name in enumerate(BUILDS):
        for manifest in build(name):
            if manifest["kind"] in WORKLOADS:
                metadata = manifest["metadata"]
                resource = f"{manifest['kind']}.{metadata['namespace']}.{metadata['name']}"
                assert (f"/{number}.yaml", resource) in passed


def test_every_finding_has_a_reason(report: dict[str, Any]) -> None:
    unexplained = sorted(each for each in findings(report) if not excepted(*each))
    assert not unexplained, "fix the manifests, or add a reason to policy_exceptions.yaml"


def test_every_exception_is_needed(report: dict[str, Any]) -> None:
    used = {position for each in findings(report) for position in excepted(*each)}
    unused = [each["check"] for n, each in enumerate(EXCEPTIONS) if n not in used]
    assert not unused


def test_exceptions_have_reasons_and_the_titles_of_their_checks(report: dict[str, Any]) -> None:
    titles = {each["check_id"]: each["check_name"] for each in report["results"]["failed_checks"]}
    for each in EXCEPTIONS:
        assert each.keys() == {"check", "title", "objects", "reason"}
        assert each["title"] == titles[each["check"]]
        assert len(each["reason"]) > 40


def test_a_bad_pod_is_found(report: dict[str, Any]) -> None:
    privileged = ("CKV_K8S_16", "Pod.bad")
    assert privileged in findings(report, bad=True)
    assert not excepted(*privileged)
