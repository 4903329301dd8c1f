"""8 clients beside 200 uploads that send one byte a second."""

from benchmarks.serving.figures import CLIENTS, Plan, Setup
from benchmarks.serving.load import Measured, measure, slow_senders
from benchmarks.serving.programs import CLASSIFY
from benchmarks.serving.report import Bar, Page, at_most, median, median_ratio, statuses

SENDERS = 200
STEPS = 2
_ALONE, _BESIDE = "alone", "with slow senders"
_RATIO = 2.0

Rounds = dict[str, list[Measured]]


def measure_rounds(setup: Setup, plan: Plan) -> Rounds:
    """Return each round's measurement of 8 clients, without and with slow senders."""
    measured: Rounds = {_ALONE: [], _BESIDE: []}
    target = setup.chain.target(*setup.small)
    for _ in range(plan.rounds):
        measured[_ALONE].append(measure(target, CLIENTS, plan.seconds))
        plan.step(_ALONE)
        with slow_senders(target, CLASSIFY, SENDERS):
            measured[_BESIDE].append(measure(target, CLIENTS, plan.seconds))
        plan.step(_BESIDE)
    return measured


def report(measured: Rounds) -> tuple[list[Page], list[Bar]]:
    """Return the effect of slow senders on other clients, and the bar."""
    page = Page(
        f"8 clients and {SENDERS} slow senders (1 byte/s)",
        ["8 clients", "photos/s", "p50 ms", "p99 ms", "responses by status"],
    )
    page.rows.extend(compared(measured))
    p99 = {name: [one.p99 for one in rounds] for name, rounds in measured.items()}
    ratio = median_ratio(p99[_BESIDE], p99[_ALONE])
    return [page], [at_most(f"{SENDERS} slow senders: p99 ÷ that without", ratio, _RATIO)]


def compared(measured: Rounds) -> list[list[str]]:
    """Return a row of a table for each load."""
    return [
        [
            name,
            f"{median(rounds, lambda one: one.rate):.1f}",
            f"{median(rounds, lambda one: one.p50) * 1e3:.1f}",
            f"{median(rounds, lambda one: one.p99) * 1e3:.1f}",
            statuses(rounds),
        ]
        for name, rounds in measured.items()
    ]
