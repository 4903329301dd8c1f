"""Several processes of one command: what becomes of them, and of their work."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.training_runs import ROOT
from training.errors import TrainingError
from training.experiments import workers
from training.experiments.workers import run_workers

pytestmark = pytest.mark.integration

TIMEOUT_SECONDS = 60


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1})
    monkeypatch.setattr(workers, "_POLL", 0.05)


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have a shell script take the place of Python."""
    script = folder / "worker"
    script.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))


def test_what_a_killed_process_has_left_is_done_by_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "echo trial 1", 'case "$*" in *1/2) kill -9 $$; esac')

    failed = run_workers(2, ["sweep"], tmp_path)

    assert failed == ["process 1 of 2 has failed (killed by SIGKILL)"]


def test_if_all_processes_fail_the_error_of_the_first_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "echo error: no space is left; exit 1")

    with pytest.raises(TrainingError, match=r"process 1 of 2 has failed \(no space is left\)"):
        run_workers(2, ["sweep"], tmp_path)


@pytest.mark.parametrize("error", [KeyboardInterrupt, TrainingError])
def test_processes_are_asked_to_end_and_killed_if_they_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    monkeypatch.setattr(workers, "_END", 0.5)
    asked, stubborn = tmp_path / "asked", tmp_path / "stubborn"
    program(
        tmp_path,
        monkeypatch,
        f"case \"$*\" in *1/2) trap 'echo > {asked}; exit 75' TERM;; *) trap '' TERM; esac",
        f'case "$*" in *2/2) echo $$ > {stubborn}; esac',
        "while true; do sleep 0.05; done",
    )

    def show() -> None:
        if stubborn.exists() and stubborn.read_text():
            raise error

    with pytest.raises(error):
        run_workers(2, ["sweep"], tmp_path, show)

    assert asked.exists()
    assert not Path("/proc", stubborn.read_text().strip()).exists()


def test_a_worker_ends_with_the_process_that_started_it() -> None:
    code = (
        "import time\nfrom training.experiments.workers import be_worker\n"
        "be_worker('1/1')\nprint('works', flush=True)\ntime.sleep(600)"
    )
    command = [sys.executable, "-c", code]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=ROOT) as worker:
        assert worker.stdout
        assert worker.stdin
        assert worker.stdout.readline() == b"works\n"
        worker.stdin.close()  # As when its parent is killed.
        assert worker.wait(TIMEOUT_SECONDS) == -signal.SIGTERM
