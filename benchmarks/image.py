"""p50 of a small photo in the gateway's image, compared with the same code outside of it.

Run: python -m benchmarks.image [--image photolabel-serve:test]

Both gateways run side by side on one model server and get requests in turn, a few at a time from one
client, so that whatever else the machine does slows both. The container is as restricted as a pod:
not root, read-only, no capabilities, the engine's seccomp filter. Prints p50 of both in each round
and the median of the rounds' ratios; the status is 1 if that is above 1.05.
"""

import argparse
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from tests.drawing import encoded_photo
from tests.e2e.processes import STARTERS, gateway, model_server, wait_until_ready
from tests.images.engine import engine, gateway_container, name, run_in

BAR = 1.05
IN_TURN = 5  # Requests before the other gateway gets some.
WARM_UP = 50


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
        _, outside = running.enter_context(gateway(address, folder / "gateway.log"))
        _, inside = running.enter_context(gateway_container(arguments.image, address))
        urls = {"in the image": inside, "outside": outside}
        for url in urls.values():
            wait_until_ready(url)
            milliseconds(url, WARM_UP)
        rounds = [medians(urls, arguments.requests) for _ in range(arguments.rounds)]
    ratios = [each["in the image"] / each["outside"] for each in rounds]
    ratio = statistics.median(ratios)
    console = Console()
    console.print(_table(rounds))
    inner = run_in(arguments.image, "python", "--version").strip()
    console.print(
        f"ratio {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}), at most {BAR};"
        f" {engine()}, {inner} in the image, {sys.version.split()[0]} outside"
    )
    return int(ratio > BAR)


def medians(urls: dict[str, str], requests: int) -> dict[str, float]:
    """Return p50 of each URL in ms; they get requests in turn."""
    times: dict[str, list[float]] = {key: [] for key in urls}
    for _ in range(0, requests, IN_TURN):
        for key, url in urls.items():
            times[key] += milliseconds(url, IN_TURN)
    return {key: statistics.median(each) for key, each in times.items()}


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


def _table(rounds: list[dict[str, float]]) -> Table:
    table = Table("round", "in the image, ms", "outside, ms", "ratio")
    for number, each in enumerate(rounds, start=1):
        inside, outside = each["in the image"], each["outside"]
        table.add_row(str(number), f"{inside:.2f}", f"{outside:.2f}", f"{inside / outside:.3f}")
    return table


if __name__ == "__main__":
    sys.exit(main())
