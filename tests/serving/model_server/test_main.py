"""The program: its command line, its first line, its end."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from tests.serving.certificates import Certificates, Pair
from tests.serving.model_server.tiny import (
    SECONDS,
    Client,
    predict_request,
    publish_broken,
    write_warmup,
)

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
START_SECONDS = 90.0  # TensorFlow's import alone takes several on a busy machine.


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "serving.model_server", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(*arguments: str | Path) -> tuple[int, str, str]:
    """Run until it ends by itself; return exit status, output and errors."""
    process = start(*arguments)
    try:
        output, errors = process.communicate(timeout=START_SECONDS)
    finally:
        process.kill()
    return process.returncode, output, errors


@contextmanager
def listening(*arguments: str | Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run it; yield the process and the address in its first line."""
    process = start(*arguments)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        match = re.fullmatch(r"model server listening on (127\.0\.0\.1:\d+)\n", line)
        assert match, line
        yield process, match[1]
    finally:
        process.kill()
        process.communicate()


def test_serves_until_sigterm(publish: Callable[..., Path], tmp_path: Path) -> None:
    write_warmup(publish(1), [predict_request()])
    publish_broken(tmp_path / "bad", 1)
    with listening("--models", tmp_path, "--port", "0", "--poll-seconds", "0.05") as (
        process,
        address,
    ):
        with grpc.insecure_channel(address) as channel:
            client = Client(channel)
            # The port opens when every model has loaded or failed.
            assert client.states() == [(1, "AVAILABLE", 0)]
            loaded = Path(f"/proc/{process.pid}/maps").read_text()
            assert "/tensorflow/" in loaded
            assert not re.findall("/(?:pandas|jaxlib|sklearn)/", loaded), "it needs none of them"
            assert [state for _, state, _ in client.states(name="bad")] == ["END"]
            publish(2)
            end = time.monotonic() + SECONDS
            while client.predict().model_spec.version.value != 2:
                assert time.monotonic() < end
                time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert output == ""
    events = errors.splitlines()
    assert all(re.match(r"[-0-9]{10} [:,0-9]{12} (INFO|ERROR) ", event) for event in events), errors
    assert [event for event in events if "bad version 1: failed: " in event]


def test_a_port_in_use_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        status, output, errors = finish("--models", tmp_path, "--port", str(port))
    assert (status, output) == (1, "")
    (line,) = errors.splitlines()
    assert line.startswith(f"error: cannot listen on 127.0.0.1:{port}: Address already in use; ")


@pytest.mark.parametrize("option", ["--models", "--model_config_file"])
def test_models_that_are_not_there_are_one_line(tmp_path: Path, option: str) -> None:
    status, output, errors = finish(option, tmp_path / "none")
    assert (status, output) == (1, "")
    (line,) = errors.splitlines()
    assert line.startswith("error: ")
    assert str(tmp_path / "none") in line


def test_a_wrong_config_file_is_one_line(write_config: Callable[..., Path]) -> None:
    status, output, errors = finish("--model_config_file", write_config(base_path="relative"))
    assert (status, output) == (1, "")
    assert re.fullmatch(r"error: .*Expected model m to have an absolute path.*\n", errors)


def test_a_key_of_another_certificate_is_one_line(tmp_path: Path) -> None:
    good = Certificates(tmp_path)
    config = good.ssl_config(Pair(good.server.cert, good.client.key))
    status, output, errors = finish("--models", tmp_path, "--ssl_config_file", config)
    assert (status, output) == (1, "")
    assert (
        errors
        == f"error: {config}: the key server_key does not match the certificate server_cert\n"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--models", ".", "--model_config_file", "x"],
        ["--models", ".", "--port", "65536"],
        ["--models", ".", "--port", "http"],
        ["--models", ".", "--poll-seconds", "0"],
        ["--models", ".", "--poll-seconds", "nan"],
        ["--models", ".", "--grpc_max_threads", "0"],
        ["--models", ".", "--max_batch_size", "0"],
        ["--models", ".", "--enable_batching=maybe"],
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str]) -> None:
    status, output, errors = finish(*arguments)
    assert (status, output) == (2, "")
    assert "error: " in errors.splitlines()[-1]


def test_help_names_every_setting() -> None:
    status, output, errors = finish("--help")
    assert (status, errors) == (0, "")
    for option in (
        "--models DIR",
        "--model_config_file FILE",
        "--model_config_file_poll_wait_seconds",
        "--poll-seconds",
        "--host",
        "--port",
        "--grpc_max_threads",
        "--enable_batching",
        "--max_batch_size",
        "--batch_timeout_micros",
        "--max_enqueued_batches",
        "--num_batch_threads",
    ):
        assert option in output
