"""What `tests/conftest.py` does for all tests, shown with a few tests in another folder."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[1]

TESTS = """
import subprocess, sys, types
import pytest

class Model:
    def fit(self):
        pass

sys.modules["keras"] = types.SimpleNamespace(Model=Model)

start = [subprocess.run]

def test_that_starts_a_process():
    try:
        start[0](["true"], check=True)
    except Exception:
        pass

def test_that_trains():
    Model().fit()

@pytest.mark.integration
def test_with_the_mark():
    start[0](["true"], check=True)
    Model().fit()

def helper():
    return [subprocess.run(["true"], check=True) for _ in "a"]

def test_that_names_subprocess_in_a_helper():
    helper()

@pytest.fixture
def train():
    return Model().fit

def test_with_a_fixture_that_trains(train):
    train()

@pytest.mark.parametrize("number", [1, 2])
def test_left_out(number):
    pytest.skip("there is no such thing here")
"""


def run(folder: Path, *options: str) -> str:
    """Run the tests with the project's settings; return what pytest prints."""
    (folder / "test_others.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "tests.conftest"]
    done = subprocess.run(
        [*command, "-c", "pyproject.toml", "--rootdir", str(folder), "-v", *options, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # Importing them takes seconds.
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("jobs", ["0", "2"])
def test_unit_tests_start_no_process_and_skips_are_listed(tmp_path: Path, jobs: str) -> None:
    printed = run(tmp_path, "-n", jobs)

    assert "2 failed, 3 passed, 2 skipped" in printed
    for what in ("starts a process", "trains"):
        mark_it = f"a test that {what} is an integration test: mark it with pytest.mark.integration"
        assert f"Failed: {mark_it}" in printed
    (listed,) = re.findall(r"^there is no such thing here: (.*)$", printed, re.M)
    assert sorted(re.findall(r"::test_left_out\[(.)\]", listed)) == ["1", "2"]


def test_integration_tests_can_be_left_out(tmp_path: Path) -> None:
    assert "2 failed, 2 skipped, 3 deselected" in run(tmp_path, "-m", "not integration")
