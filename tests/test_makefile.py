"""What `make` would do, without doing it."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def nvidia_machine(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a machine whose `nvidia-smi` lists a GPU."""
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'GPU 0: NVIDIA Something'\n")
    tool.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}


def dry_run(target: str, environment: dict[str, str] | None = None, *variables: str) -> str:
    done = subprocess.run(
        [
            "make",
            "--no-print-directory",
            "--dry-run",
            "--always-make",
            target,
            "VENV=/nonexistent/venv",
            *variables,
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.integration
def test_training_on_a_gpu_machine_installs_cuda(nvidia_machine: dict[str, str]) -> None:
    assert "requirements/train-gpu.txt" in dry_run("train", nvidia_machine)


@pytest.mark.integration
def test_training_on_other_machines_installs_no_cuda() -> None:
    plan = dry_run("train")
    assert "requirements/train.txt" in plan
    assert "train-gpu" not in plan.replace("&& echo train-gpu ||", "")
    assert "for what in --default-of=clothing --default-of=cats-dogs; do" in plan


@pytest.mark.integration
def test_a_recipe_is_trained_instead_of_the_defaults() -> None:
    plan = dry_run("train", None, "RECIPE=cats-dogs-mobilenet")
    assert "for what in cats-dogs-mobilenet; do" in plan
    plan = dry_run("train", None, "MODEL=clothing", "ALSO=my photos.zip")
    assert "for what in --default-of=clothing; do" in plan
    assert "--also 'my photos.zip'" in plan


@pytest.mark.integration
def test_help_names_every_command() -> None:
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    makefile = (ROOT / "Makefile").read_text("utf-8")
    phony = next(line for line in makefile.splitlines() if line.startswith(".PHONY:"))
    listed = {line.split()[0] for line in shown.stdout.splitlines()}
    assert set(phony.split()[1:]) == listed


@pytest.mark.integration
def test_check_leaves_out_the_integration_tests_only() -> None:
    checked, tested = dry_run("check").splitlines(), dry_run("test").splitlines()
    assert ' -m "not integration" ' in checked[-1]
    assert checked[-1].replace(' -m "not integration"', "") == tested[-1]
    assert checked[:-1] == tested[:-1]
    for tool in ("ruff format --check .", "ruff check .", "mypy"):
        assert any(tool in line for line in checked)


@pytest.mark.integration
@pytest.mark.parametrize("failing", ["", "ruff", "mypy", "python"])
def test_test_fails_with_each_of_its_tools(tmp_path: Path, failing: str) -> None:
    (tmp_path / "bin").mkdir()
    for tool in ("ruff", "mypy", "python"):
        program = tmp_path / "bin" / tool
        program.write_text(f"#!/bin/sh\necho said by {tool}\nexit {int(tool == failing)}\n")
        program.chmod(0o755)
    (tmp_path / ".installed-dev").touch()

    done = subprocess.run(
        ["make", "--silent", "test", f"VENV={tmp_path}"], cwd=ROOT, capture_output=True, text=True
    )

    assert (done.returncode != 0) == bool(failing)
    if failing != "ruff":  # It takes a second; nothing else runs before it is content.
        assert done.stdout.splitlines()[-2:] == ["said by python", "said by mypy"]


def test_ci_runs_the_test_command() -> None:
    assert "exec make test" in (ROOT / ".ci" / "run").read_text("utf-8")
