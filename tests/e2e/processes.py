"""Starts the real programs as processes on free local ports, and stops them."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
STARTERS = ROOT / "serving" / "repository" / "starters"

START_SECONDS = 60.0
STOP_SECONDS = 30.0

# Test processes that seed `random` alike would choose the same ports.
_RANDOM = random.SystemRandom()


class Program:
    """A running program that logs to a file."""

    def __init__(self, module: str, *arguments: str, log: Path, **environment: str) -> None:
        self.log = log
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("PHOTOLABEL_")}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env={**inherited, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def output(self) -> str:
        """Return what the program has printed."""
        return self.log.read_text("utf-8", "replace")

    def wait_for(self, condition: Callable[[], object], what: str) -> None:
        """Wait until the condition holds; fail with the log if it does not in time."""
        end = time.monotonic() + START_SECONDS
        while not condition():
            assert self.process.poll() is None, f"it exited before: {what}\n{self.output()}"
            assert time.monotonic() < end, f"timed out: {what}\n{self.output()}"
            time.sleep(0.05)

    def kill(self) -> None:
        """Kill it like `kill -9`."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Stop it with SIGTERM; return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"it did not stop\n{self.output()}") from None


def free_port() -> int:
    """Return a free port.

    It is below the ports that Linux gives to outgoing connections. Otherwise such a connection
    could get it, even one that connects to that port, before the program listens there.
    """
    while True:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", _RANDOM.randrange(20_000, 32_768)))
            return int(probe.getsockname()[1])


@contextmanager
def model_server(
    models: Path, log: Path, port: int = 0, *flags: str
) -> Iterator[tuple[Program, str]]:
    """Run the embedded model server; yield it and its address."""
    arguments = ("--models", str(models), "--port", str(port), *flags)
    program = Program("serving.model_server", *arguments, log=log)
    try:
        pattern = re.compile(r"^model server listening on (\S+)$", re.M)
        program.wait_for(lambda: pattern.search(program.output()), "the model server listens")
        yield program, pattern.findall(program.output())[-1]
    finally:
        program.stop()


@contextmanager
def gateway(
    address: str, log: Path, module: str = "serving", **settings: str
) -> Iterator[tuple[Program, str]]:
    """Run a gateway for a model server; yield it and its URL without waiting for readiness."""
    port = free_port()
    environment = {f"PHOTOLABEL_{name.upper()}": value for name, value in settings.items()}
    program = Program(
        module,
        log=log,
        PHOTOLABEL_BIND=f"127.0.0.1:{port}",
        PHOTOLABEL_MODEL_SERVER=address,
        **environment,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        program.wait_for(lambda: _status(f"{url}/livez") == 200, "the gateway answers")
        yield program, url
    finally:
        program.stop()


def wait_until_ready(url: str, seconds: float = START_SECONDS) -> None:
    """Wait until a gateway reports that it is ready."""
    end = time.monotonic() + seconds
    while _status(f"{url}/readyz") != 200:
        assert time.monotonic() < end, f"{url} is not ready: {httpx.get(f'{url}/readyz').text}"
        time.sleep(0.05)


def _status(url: str) -> int | None:
    try:
        return httpx.get(url, timeout=5).status_code
    except httpx.TransportError:
        return None
