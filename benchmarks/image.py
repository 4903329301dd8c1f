"""p50 of a small photo in the gateway's image, compared with the same code outside of it.

Run: python -m benchmarks.image [--image photolabel-serve:test]

Both gateways run side by side on one model server and get requests in turn, a few at a time from
one client. The container is as restricted as a pod: not root, read-only, no capabilities, the
engine's seccomp filter. Prints p50 and the processor time of a request in each round, and the
medians of the rounds' ratios; the status is 1 if that of p50 is above 1.05. On a busy machine only
processor times can be compared: the container has a control group of its own, which gets a larger
share. To compare the same Python, run this with the one that the image has.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from tests.drawing import encoded_photo
from tests.e2e.processes import STARTERS, gateway, model_server, wait_until_ready
from tests.images.engine import engine, gateway_container, name, run_engine, run_in

BAR = 1.05
IN_TURN = 5  # Requests before the other gateway gets some.
WARM_UP = 50


@dataclass(frozen=True)
class Gateway:
    """A running gateway: its URL and its first process."""

    url: str
    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes so far."""
        processes = [self.process, *self.process.children(recursive=True)]
        times = [each.cpu_times() for each in processes]
        return float(sum(each.user + each.system for each in times))


@dataclass(frozen=True)
class Figures:
    """p50 and processor time of a request, in ms."""

    p50: float
    cpu: float


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--image", default=name("serve"), help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=9, help="default: %(default)s")
    help_ = "of each gateway in each round (default: %(default)s)"
    parser.add_argument("--requests", type=int, default=200, help=help_)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as running:
        folder = Path(temporary)
        _, address = running.enter_context(model_server(STARTERS, folder / "models.log"))
        program, url = running.enter_context(
            gateway(address, folder / "gateway.log", log_format="json")
        )
        outside = Gateway(url, psutil.Process(program.process.pid))
        container, url = running.enter_context(gateway_container(arguments.image, address))
        state = run_engine("inspect", "--format", "{{.State.Pid}}", container).stdout
        inside = Gateway(url, psutil.Process(int(state)))
        for each in (inside, outside):
            wait_until_ready(each.url)
            milliseconds(each.url, WARM_UP)
        rounds = [measure(inside, outside, arguments.requests) for _ in range(arguments.rounds)]
    console = Console()
    console.print(_table(rounds))
    p50 = statistics.median(one.p50 / other.p50 for one, other in rounds)
    cpu = statistics.median(one.cpu / other.cpu for one, other in rounds)
    console.print(f"ratio of p50 {p50:.3f}, at most {BAR}; of processor time {cpu:.3f}")
    inner = run_in(arguments.image, "python", "--version").strip()
    console.print(f"{engine()}; {inner} in the image, {sys.version.split()[0]} outside")
    return int(p50 > BAR)


def measure(inside: Gateway, outside: Gateway, requests: int) -> tuple[Figures, Figures]:
    """Return the figures of both; they get requests in turn."""
    both = (inside, outside)
    times: tuple[list[float], list[float]] = ([], [])
    before = [each.cpu_seconds() for each in both]
    for _ in range(0, requests, IN_TURN):
        for each, measured in zip(both, times, strict=True):
            measured += milliseconds(each.url, IN_TURN)
    one, other = (
        Figures(statistics.median(measured), 1000 * (each.cpu_seconds() - began) / len(measured))
        for each, measured, began in zip(both, times, before, strict=True)
    )
    return one, other


def milliseconds(url: str, requests: int) -> list[float]:
    """Post a small photo this often over one connection; return the time of each response."""
    photo, times = encoded_photo("JPEG", (200, 200)), []
    with httpx.Client(base_url=url, timeout=60) as client:
        client.get("/livez").raise_for_status()
        for _ in range(requests):
            began = time.perf_counter()
            client.post("/v1/models/clothing:classify", content=photo).raise_for_status()
            times.append(1000 * (time.perf_counter() - began))
    return times


def _table(rounds: list[tuple[Figures, Figures]]) -> Table:
    table = Table("round", "p50 in the image, ms", "outside", "processor time, ms", "outside")
    for number, (one, other) in enumerate(rounds, start=1):
        figures = (one.p50, other.p50, one.cpu, other.cpu)
        table.add_row(str(number), *(f"{each:.2f}" for each in figures))
    return table


if __name__ == "__main__":
    sys.exit(main())
