"""The local stack as processes: started, checked, stopped, never left running."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from serving.local import LocalError, run_stack
from serving.local.__main__ import main
from serving.local.process import ChildProcess, start_process
from serving.repository.seed import STARTERS
from serving.repository.served_versions import SERVED
from tests.waiting import wait_until

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]

# Starts a program that stays, says its process id, and waits to be killed.
PARENT = """
import os, pathlib, sys, time
from serving.local.process import start_process
logs = pathlib.Path(sys.argv[1])
environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
child = start_process("sleeper", ["http.server", "--bind", "127.0.0.1", "0"], logs, environment)
print(child.popen.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Make a folder with a version of a model, though not one that could be loaded."""
    (tmp_path / "models" / "toy" / "1").mkdir(parents=True)
    return tmp_path / "models"


def runs(process_id: int) -> bool:
    """Whether a process runs; one that has ended and waits for its parent does not."""
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def test_a_program_that_ends_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    program = start_process("tool", ["json.tool", "missing.json"], tmp_path, os.environ)
    wait_until(lambda: program.popen.poll() is not None)
    with pytest.raises(LocalError, match=r"(?s)the tool ended with status 2:.*missing\.json"):
        program.check()


def test_a_program_is_stopped(tmp_path: Path) -> None:
    command = ["http.server", "--bind", "127.0.0.1", "0"]
    program = start_process("web server", command, tmp_path, os.environ)
    program.check()
    program.stop()
    assert program.popen.returncode is not None
    assert program.log == tmp_path / "web-server.log"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of the killed")
def test_no_program_outlives_a_killed_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    parent = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        log = tmp_path / "sleeper.log"
        wait_until(lambda: "Serving HTTP" in log.read_text())
        assert runs(child)
        parent.kill()
    wait_until(lambda: not runs(child))


def test_a_taken_port_is_named_before_anything_starts(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(LocalError, match=f"port {port}: the port is in use.*--port"):
            run_stack(models, port=port).__enter__()


def test_a_folder_without_models_is_refused(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    with pytest.raises(LocalError, match="no model with a version"):
        run_stack(tmp_path).__enter__()


def test_a_name_that_would_break_a_line_is_escaped(tmp_path: Path) -> None:
    for name in ("two\nlines", os.fsdecode(b"\xff")):
        (tmp_path / name / "1").mkdir(parents=True)
    problem = r"two\\nlines: its name has .* not printable: rename its folder; \\udcff: its name"
    with pytest.raises(LocalError, match=problem):
        run_stack(tmp_path).__enter__()


def test_a_stack_that_does_not_start_in_time_is_stopped_and_its_log_shown(models: Path) -> None:
    with pytest.raises(LocalError, match=r"(?s)model server has not started in time.*it printed"):
        run_stack(models, timeout=0).__enter__()


@pytest.mark.e2e
def test_a_stack_without_a_model_that_can_be_served_stops_and_says_why(models: Path) -> None:
    (models / "toy" / SERVED).write_text("rubbish")
    (models / "my toys" / "1").mkdir(parents=True)
    expected = (
        r"(?s)no model in .* can be served:"
        r".*toy: not served: No version of toy is available: version 1 could not be loaded:"
        r" cannot read .*toy/\.serving\.config: 1:1"
        r".*my toys: not served: its name has a space"
    )
    with pytest.raises(LocalError, match=expected):
        run_stack(models, settings={}).__enter__()


def test_what_cannot_start_is_one_line_and_status_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(signal, "signal", lambda number, handler: None)
    (tmp_path / "file").write_text("in the way")
    assert main(["--models", str(tmp_path / "file")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


def test_a_terminal_that_lacks_characters_shows_escapes(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "serving.local", "--models", str(tmp_path), "--port", port]
        environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.stdout.strip() == rb"Starting the model server and the gateway\u2026"
    assert done.returncode == 1
    assert b"the port is in use" in done.stderr


@pytest.mark.e2e
def test_the_stack_answers_and_a_dead_process_is_noticed() -> None:
    with run_stack(STARTERS, settings={}) as stack:
        assert httpx.get(f"{stack.url}/readyz").status_code == 200
        assert stack.models == ("cats-dogs", "clothing")
        stack.check()
        stack.model_server.popen.kill()
        wait_until(lambda: stack.model_server.popen.poll() is not None)
        with pytest.raises(LocalError, match="the model server ended with status -9"):
            stack.check()
    assert ended(stack.gateway)
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{stack.url}/livez")


def ended(program: ChildProcess) -> bool:
    return program.popen.poll() is not None
