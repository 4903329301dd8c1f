"""The GitHub workflows: linted, and consistent with the rest of the tree. They are not run here."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from supply_chain.lock_files import REQUIREMENTS, ROOT
from tests.supply_chain.tools import tool

WORKFLOWS = ROOT / ".github" / "workflows"


def _workflow(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text()))


def _run(job: dict[str, Any]) -> str:
    return "\n".join(step.get("run", "") for step in job["steps"])


@pytest.mark.integration
@pytest.mark.parametrize("linter", [("actionlint",), ("zizmor", "--offline", "--quiet")])
def test_linters_find_nothing(linter: tuple[str, ...]) -> None:
    command = [tool(linter[0]), *linter[1:], *map(str, sorted(WORKFLOWS.iterdir()))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_actions_are_pinned_by_digest_with_their_version() -> None:
    used = 0
    for path in WORKFLOWS.iterdir():
        for line in path.read_text().splitlines():
            if "uses:" in line and "$/.github/" not in line:
                assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line
                used += 1
    assert used > 10


def test_every_supported_python_runs_what_ci_runs() -> None:
    job = _workflow("test")["jobs"]["python"]
    client = (ROOT / "client" / "pyproject.toml").read_text()
    found = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', client)
    assert found
    supported = [f"3.{minor}" for minor in range(int(found[1]), int(found[2]))]
    assert job["strategy"]["matrix"]["python"] == supported
    assert _run(job).split() == [".ci/run"]


def test_every_target_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    matrix = _workflow("test")["jobs"]["others"]["strategy"]["matrix"]["include"]
    named = {each["target"] for each in matrix}
    assert {"test-k8s", "test-images", "test-supply-chain", "audit"} <= named
    assert named <= targets
    assert set(_run(_workflow("release")["jobs"]["wheels"]).splitlines()[0].split()[1:]) <= targets


def test_the_model_server_has_the_version_of_the_messages() -> None:
    protos = (REQUIREMENTS / "protos.txt").read_text()
    found = re.search(r"^tensorflow-serving-api==(\S+)", protos, re.MULTILINE)
    assert found
    commands = _run(_workflow("test")["jobs"]["tensorflow-serving"])
    assert f"tensorflow/serving:{found[1]} " in commands


@pytest.mark.parametrize("name", ["test", "release"])
def test_jobs_may_only_read_unless_they_say_so(name: str) -> None:
    workflow = _workflow(name)
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert "timeout-minutes" in job or "uses" in job


def test_a_release_builds_the_images_that_the_manifests_name() -> None:
    jobs = _workflow("release")["jobs"]
    images = jobs["images"]["strategy"]["matrix"]["include"]
    assert {each["name"] for each in images} == {"photolabel-serve", "photolabel-train"}
    for each in images:
        assert (ROOT / each["dockerfile"]).is_file()
    assert {"test", "version"} <= set(jobs["images"]["needs"]) & set(jobs["wheels"]["needs"])
