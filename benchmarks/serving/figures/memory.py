"""Memory and import time of a worker, and its memory over many mixed requests."""

import http.client
import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks import footprint
from benchmarks.serving.figures import CLIENTS, Plan, Setup
from benchmarks.serving.programs import CLASSIFY, MODEL
from benchmarks.serving.report import MEBIBYTE, Bar, Page, at_most

STEPS = 2
_IMPORT_SECONDS, _WORKER_MEGABYTES = 0.7, 90
_SETTLED_REQUESTS = 5000
_GROWTH_MEGABYTES = 5


@dataclass(frozen=True)
class Footprint:
    """Seconds of each import of the app, and bytes of each worker after its first requests."""

    imports: list[float]
    workers: list[float]


def measure_rounds(setup: Setup, plan: Plan) -> Footprint:
    """Import the app, and start a gateway and post to it, in each round."""
    found = Footprint([], [])
    for _ in range(plan.rounds):
        seconds, _ = footprint.measure_import(footprint.PROGRAMS["gateway"])
        found.imports.append(seconds)
        plan.step("import of the app")
        found.workers.extend(size * MEBIBYTE for size in footprint.worker_sizes())
        plan.step("workers after their first requests")
    return found


def report(found: Footprint) -> tuple[list[Page], list[Bar]]:
    """Return the bars; the figures are few enough to need no table."""
    size = statistics.median(found.workers) / 1e6
    seconds = statistics.median(found.imports)
    return [], [
        at_most("import of the app, s", seconds, _IMPORT_SECONDS),
        at_most("worker after its first requests, MB", size, _WORKER_MEGABYTES),
    ]


def grown(setup: Setup, requests: int, step: Callable[[int], None]) -> tuple[list[Page], list[Bar]]:
    """Post a mix of requests; return how the largest worker grew, and the bar."""
    sizes = _sizes(setup, requests, step)
    page = Page("memory of the largest worker", ["after requests", "MB"])
    marks = [0, 1000, 5000, 10_000, 20_000, 50_000, 100_000, sizes[-1][0]]
    page.rows.extend([f"{n:,}", f"{size / 1e6:.1f}"] for n, size in sizes if n in marks)
    settled = next((size for count, size in sizes if count >= _SETTLED_REQUESTS), sizes[-1][1])
    growth = (sizes[-1][1] - settled) / 1e6
    what = f"worker, {requests:,} requests: growth after the first {_SETTLED_REQUESTS:,}, MB"
    return [page], [at_most(what, growth, _GROWTH_MEGABYTES)]


def _sizes(setup: Setup, requests: int, step: Callable[[int], None]) -> list[tuple[int, int]]:
    """Return pairs of requests so far and bytes of the largest worker."""
    chain, kinds = setup.chain, _mixed(setup)
    done, sizes = 0, [(0, max(chain.worker_bytes()))]
    lock = threading.Lock()

    def post() -> None:
        nonlocal done
        connection = http.client.HTTPConnection("127.0.0.1", chain.port, timeout=30)
        while True:
            with lock:
                if done >= requests:
                    return
                path, body = kinds[done % len(kinds)]
                done += 1
                if done % 1000 == 0 or done == requests:
                    sizes.append((done, max(chain.worker_bytes())))
                    step(done)
            try:
                connection.request("POST", path, body)
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()

    threads = [threading.Thread(target=post, daemon=True) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sizes


def _mixed(setup: Setup) -> list[tuple[str, bytes]]:
    """Return a cycle of requests: both models, mostly small photos, some large, some bad."""
    small, large = setup.small[0], setup.large
    other = CLASSIFY.replace(MODEL, "cats-dogs")
    bad = [small[:1000], b"", b"no photo at all", small[:300] + bytes(200) + small[500:]]
    cycle = [(CLASSIFY, small), (other, small), (f"{CLASSIFY}?top=3", small)] * 30
    cycle += [(CLASSIFY, body) for body in bad] + [("/v1/models/none:classify", small)]
    return [*cycle, (CLASSIFY, large), (other, large)]
