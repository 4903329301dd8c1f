"""A real model server and a real gateway to attack, and the resources that its workers use."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

_START_SECONDS = 600.0  # The machine may be busy.
_STOP_SECONDS = 40.0
_READY_RESPONSES = 20  # in a row


class Workers:
    """The worker processes of a gateway and their sandboxes, as the operating system sees them."""

    def __init__(self, gateway: int) -> None:
        self._gateway = psutil.Process(gateway)
        self.processes = self._gateway.children()

    def alive(self) -> bool:
        """Return whether the workers are the same processes as in the beginning."""
        return set(self._gateway.children()) == set(self.processes)

    def sandboxes(self) -> list[psutil.Process]:
        """Return the sandbox processes of all workers that run now."""
        children = (child for worker in self.processes for child in worker.children())
        return [child for child in children if child.status() != psutil.STATUS_ZOMBIE]

    def cpu_seconds(self) -> float:
        """Return the processor time of all workers and their sandboxes so far."""
        workers = sum(sum(each.cpu_times()[:4]) for each in self.processes)
        return workers + sum(sum(each.cpu_times()[:2]) for each in self.sandboxes())


def reset_peak(pid: int) -> None:
    """Reset the peak memory of a process (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def peak(pid: int) -> int:
    """Return the peak memory of a process, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(each.split()[1]) for each in lines if each.startswith("VmHWM:")), 0) * 1024


@contextlib.contextmanager
def running_stack(models: Path, logs: Path, formats: str) -> Iterator[tuple[str, Workers]]:
    """Run both programs until the end of the context; yield the gateway's URL and its workers.

    Args:
        models: the folder of models to serve; one of them is `clothing`.
        logs: the folder for the programs' output.
        formats: the formats that the gateway accepts.
    """
    port, served = _free_port(), _free_port()
    settings = {
        "PHOTOLABEL_BIND": f"127.0.0.1:{port}",
        "PHOTOLABEL_MODEL_SERVER": f"127.0.0.1:{served}",
        "PHOTOLABEL_MODELS": "clothing",
        "PHOTOLABEL_FORMATS": formats,
        "PHOTOLABEL_TIME_BUDGET": "120",  # What is measured are costs, not how busy the machine is.
        "PHOTOLABEL_LOG_LEVEL": "WARNING",
    }
    url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        arguments = ["serving.model_server", "--models", str(models), "--port", str(served)]
        stack.enter_context(_program(arguments, logs / "model-server.log", {}))
        gateway = stack.enter_context(_program(["serving"], logs / "gateway.log", settings))
        _wait_until_ready(url, gateway)
        yield url, Workers(gateway.pid)


@contextlib.contextmanager
def _program(
    arguments: list[str], log: Path, settings: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("PHOTOLABEL_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            env={**inherited, "TF_CPP_MIN_LOG_LEVEL": "3", **settings},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(url: str, gateway: subprocess.Popen[bytes]) -> None:
    """Wait until all workers are ready: each connection is accepted by any of them."""
    end, ready = time.monotonic() + _START_SECONDS, 0
    while time.monotonic() < end and gateway.poll() is None:
        try:
            ready = ready + 1 if httpx.get(f"{url}/readyz", timeout=10).is_success else 0
        except httpx.TransportError:
            ready = 0
        if ready == _READY_RESPONSES:
            return
        time.sleep(0.02 if ready else 0.2)
    raise RuntimeError(f"the gateway is not ready after {_START_SECONDS:g} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
