"""500 requests at the same moment on an idle gateway: small photos, and 12 megapixels."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.hostile_uploads.stack import peak, reset_peak
from benchmarks.serving.figures import CLIENTS, Plan, Setup
from benchmarks.serving.load import Measured, burst, measure
from benchmarks.serving.report import MEBIBYTE, Bar, Page, at_least, at_most, median, statuses
from serving.gateway.settings import Settings

REQUESTS = 500
STEPS = 2
_IDLE_SECONDS = 2.0
_IDLE_BYTES, _DECODE_BYTES = 100_000_000, 225_000_000  # docs/limits.md, "Memory of a worker"
_ANSWERED = (200, 429)
# Of the photos that the rate before allows within the setting. A burst is also read, and one worker
# may get more of it than the other.
_SHARE_OF_RATE = 0.8


@dataclass(frozen=True)
class Burst:
    """A burst, the photos per second of 8 clients before it, and the largest worker in it."""

    before: float
    measured: Measured
    peak_bytes: int


Rounds = dict[str, list[Burst]]


def measure_rounds(setup: Setup, plan: Plan) -> Rounds:
    """Return each round's burst by photo."""
    measured: Rounds = {"small": [], "large": []}
    targets = {
        "small": setup.chain.target(*setup.small),
        "large": setup.chain.target(setup.large),
    }
    for _ in range(plan.rounds):
        for name, target in targets.items():
            before = measure(target, CLIENTS, plan.seconds)
            time.sleep(_IDLE_SECONDS)
            workers = setup.chain.workers()
            for worker in workers:
                reset_peak(worker.pid)
            one = burst(target, REQUESTS)
            largest = max(peak(worker.pid) for worker in workers)
            measured[name].append(Burst(before.rate, one, largest))
            plan.step(f"{name} photos")
    return measured


def report(measured: Rounds) -> tuple[list[Page], list[Bar]]:
    """Return what became of the requests, and the bars."""
    heading = ["photos", "responses by status", "photos/s", "8 clients before", "longest s"]
    page = Page(f"{REQUESTS} requests at the same moment", [*heading, "largest worker MiB"])
    bars = []
    for name, bursts in measured.items():
        loads = [each.measured for each in bursts]
        page.rows.append(
            [
                name,
                statuses(loads),
                f"{median(loads, lambda one: one.rate):.1f}",
                f"{median(bursts, lambda one: one.before):.1f}",
                f"{median(loads, lambda one: one.longest):.2f}",
                f"{max(each.peak_bytes for each in bursts) / MEBIBYTE:.0f}",
            ]
        )
        bars.extend(_bars(f"burst of {REQUESTS}, {name}", bursts, loads))
    return [page], bars


def _bars(what: str, bursts: Sequence[Burst], loads: Sequence[Measured]) -> list[Bar]:
    others = sum(
        count for one in loads for status, count in one.statuses.items() if status not in _ANSWERED
    )
    # A refusal is right only if the accepted requests already took as long as the setting allows.
    within = _max_wait()
    answered = median(
        bursts,
        lambda one: one.measured.classified / min(REQUESTS, max(one.before * within, 1)),
    )
    limit = _worker_limit()
    return [
        at_most(f"{what}: neither answered nor 429", others, 0),
        at_least(f"{what}: answered ÷ rate before × {within:g} s", answered, _SHARE_OF_RATE),
        at_most(
            f"{what}: largest worker, MiB",
            max(each.peak_bytes for each in bursts) / MEBIBYTE,
            limit / MEBIBYTE,
        ),
    ]


def _max_wait() -> float:
    """Return the default of the setting for the longest expected wait, in seconds."""
    setting = Settings.model_fields.get("max_wait")
    return float(setting.default) if setting else 1.0


def _worker_limit() -> int:
    """Return the most bytes that a worker with default settings may take."""
    default = {name: setting.default for name, setting in Settings.model_fields.items()}
    bodies = default["max_in_flight"] * default["max_body_bytes"]
    decodes = default["max_decodes"] * _DECODE_BYTES
    return int(_IDLE_BYTES + default["max_upload_bytes"] + bodies + decodes)
