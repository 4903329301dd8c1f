"""A real model server and a real gateway to attack, and what its workers do meanwhile."""

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

_START_SECONDS = 120.0
_STOP_SECONDS = 40.0


class Workers:
    """The worker processes of a gateway, as the operating system sees them."""

    def __init__(self, gateway: int) -> None:
        self._gateway = psutil.Process(gateway)
        self.pids = self.alive()

    def alive(self) -> list[int]:
        """Return the process ids of the workers that live now."""
        return sorted(child.pid for child in self._gateway.children())

    def cpu_seconds(self) -> float:
        """Return the processor time of all workers so far."""
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in self.pids)

    def memory(self) -> dict[int, int]:
        """Return the bytes that each worker holds now."""
        return {pid: psutil.Process(pid).memory_info().rss for pid in self.pids}

    def forget_peaks(self) -> None:
        """Let the peaks begin anew (proc(5), clear_refs)."""
        for pid in self.pids:
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def peaks(self) -> dict[int, int]:
        """Return the most bytes that each worker has held."""
        return {pid: _peak(pid) for pid in self.pids}


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024


@contextlib.contextmanager
def running_chain(models: Path, logs: Path, formats: str) -> Iterator[tuple[str, Workers]]:
    """Run both programs; yield the gateway's URL and its workers. All stop at the end.

    Args:
        models: the folder of models to serve; one of them is `clothing`.
        logs: where the programs' output goes.
        formats: the formats that the gateway accepts.
    """
    port, served = _free_port(), _free_port()
    settings = {
        "PHOTOLABEL_BIND": f"127.0.0.1:{port}",
        "PHOTOLABEL_MODEL_SERVER": f"127.0.0.1:{served}",
        "PHOTOLABEL_MODELS": "clothing",
        "PHOTOLABEL_FORMATS": formats,
        "PHOTOLABEL_TIME_BUDGET": "120",  # Costs are measured, not how busy the machine is.
        "PHOTOLABEL_LOG_LEVEL": "WARNING",
    }
    url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        arguments = ["serving.embedded", "--models", str(models), "--port", str(served)]
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
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and gateway.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/readyz", timeout=10).status_code == 200:
                return
        time.sleep(0.2)
    raise RuntimeError(f"the gateway is not ready after {_START_SECONDS:g} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
