"""The command as a process: pipes, terminals, signals, a full disk."""

import os
import pty
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.client.conftest import FakeGateway, Received, answer_to
from tests.signals import sigint_inherited

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "client"]


@pytest.fixture(autouse=True)
def address(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOLABEL_URL", gateway.url)


def buffered() -> dict[str, str]:
    """Return an environment in which Python buffers its output, as it does by default."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def run(
    *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command as its users do."""
    return subprocess.run(
        [*COMMAND, *arguments],
        input=stdin,
        capture_output=True,
        timeout=60,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )


def on_terminal(*arguments: str) -> list[str]:
    """Return the lines that the command prints on a terminal of 80 columns without color."""
    shown, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"}
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=terminal, stdin=terminal, cwd=ROOT, env=environment
    )
    os.close(terminal)
    text = b""
    try:
        while some := os.read(shown, 4096):
            text += some
    except OSError:
        pass  # Linux reports the end of a terminal as an error.
    os.close(shown)
    assert process.wait(60) == 0
    return text.decode().splitlines()


def test_standard_input_is_a_photo(gateway: FakeGateway) -> None:
    done = run("classify", "cats-dogs", "-", stdin=b"a photo from a pipe")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"-\tcat\t0.75\t")
    assert b"a photo from a pipe" in gateway.received[0].body


@pytest.mark.parametrize(("closed", "status"), [("<&-", 2), (">&- 2>&-", 3)])
def test_a_closed_stream_is_no_traceback(closed: str, status: int) -> None:
    photo = "-" if "<" in closed else "missing.jpg"
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh", *COMMAND, "classify", "m", photo]
    done = subprocess.run(shell, cwd=ROOT, capture_output=True, timeout=60, check=False)
    assert done.returncode == status
    assert done.stderr.count(b"\n") == (0 if "2>" in closed else 1)


def test_a_terminal_shows_a_table(gateway: FakeGateway, tmp_path: Path) -> None:
    photo = tmp_path / ("a-long-name" * 6 + "[red].jpg")
    photo.write_bytes(b"photo")
    answer = answer_to([photo.name])
    answer["predictions"][0].update(label="[bold]\x1b[31mc", recognized=False)
    gateway.reply(200, answer)
    lines = on_terminal("classify", "cats-dogs", str(photo))
    assert gateway.received[0].path.endswith("top=3")
    assert lines[0] == "cats-dogs, version 3"
    assert lines[1].split() == ["Photo", "Label", "Prob.", "Next"]
    text = "\n".join(lines)
    for shown in ("75.0%", "not recognized, dog 25.0%", "[bold]\\x1b"):
        assert shown in text
    assert "\x1b" not in text
    assert "".join(line[:26].strip() for line in lines[2:]) == str(photo)
    assert all(len(line) <= 80 for line in lines)


def test_an_encoding_without_the_letters_is_not_an_error(gateway: FakeGateway) -> None:
    answer = answer_to(["-"])
    answer["predictions"][0]["label"] = "köttur"
    gateway.reply(200, answer)
    done = run("classify", "m", "-", stdin=b"photo", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"k\\xf6ttur" in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_one_line_and_status_2(gateway: FakeGateway) -> None:
    gateway.reply(200, {"models": [{"name": "m", "state": "ready"}]})
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*COMMAND, "models"],
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
            cwd=ROOT,
            env=buffered(),
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"error: the output can't be written")
    assert done.stderr.count(b"\n") == 1


def start(*arguments: str) -> "subprocess.Popen[bytes]":
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [*COMMAND, *arguments], cwd=ROOT, stdout=pipe, stderr=pipe, env=buffered()
    )


def test_results_are_printed_as_they_come(gateway: FakeGateway) -> None:
    eight_are_printed, answer, in_time = threading.Event(), gateway.take, []

    def take(request: Received) -> tuple[int, dict[str, str], bytes]:
        if gateway.received:
            in_time.append(eight_are_printed.wait(10))
        return answer(request)

    gateway.take = take  # type: ignore[method-assign]
    with start("classify", "m", *[__file__] * 10) as process:
        assert process.stdout is not None
        for _ in range(8):
            process.stdout.readline()
        eight_are_printed.set()
        assert len(process.stdout.readlines()) == 2
    assert in_time == [True]


def test_a_reader_that_leaves_ends_it_quietly() -> None:
    with start("classify", "m", __file__) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(60) == 1


def test_ctrl_c_is_one_line_and_status_130(gateway: FakeGateway) -> None:
    asked, answer = threading.Event(), threading.Event()

    def take(request: Received) -> tuple[int, dict[str, str], bytes]:
        gateway.received.append(request)
        asked.set()
        answer.wait(60)
        return 503, {}, b""

    gateway.take = take  # type: ignore[method-assign]
    with sigint_inherited():
        process = start("classify", "m", __file__)
    assert asked.wait(60)
    process.send_signal(signal.SIGINT)
    printed = process.communicate(timeout=60)
    answer.set()
    assert printed == (b"", b"error: interrupted\n")
    assert process.returncode == 130


def test_ctrl_c_while_the_program_loads_is_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "requests.py").write_text("raise KeyboardInterrupt")
    done = run("models", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"error: interrupted\n")


def test_help_has_the_program_and_the_exit_statuses() -> None:
    done = run("classify", "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(b"usage: python -m client classify")
    assert b"exit status:\n  0    done" in done.stdout
