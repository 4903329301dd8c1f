"""The gateway with 1 to 256 clients that send again at once when they are refused."""

from benchmarks.serving.clients import WRONG_ANSWER
from benchmarks.serving.figures import Plan, Setup
from benchmarks.serving.load import Measured, measure
from benchmarks.serving.report import Bar, Page, at_least, at_most, median, statuses

LEVELS = (1, 2, 4, 8, 16, 64, 256)
STEPS = len(LEVELS)
_SHARES = {8: 0.95, 16: 0.95, 64: 0.95, 256: 0.85}
_P99_SECONDS = 1.5

Rounds = dict[int, list[Measured]]


def measure_rounds(setup: Setup, plan: Plan) -> Rounds:
    """Return each round's measurement by number of clients."""
    measured: Rounds = {clients: [] for clients in LEVELS}
    target = setup.chain.target(*setup.small)
    for round_ in range(plan.rounds):
        for clients in LEVELS if round_ % 2 == 0 else reversed(LEVELS):
            one = measure(target, clients, plan.seconds, honour_retry_after=False)
            measured[clients].append(one)
            plan.step(f"{clients} clients")
    return measured


def report(measured: Rounds) -> tuple[list[Page], list[Bar]]:
    """Return throughput and waiting times by number of clients, and their bars."""
    heading = ["clients", "photos/s", "of the best", "429", "p50 ms", "p99 ms", "client ms"]
    page = Page("clients that send again at once after a 429", [*heading, "responses by status"])
    rates = {clients: median(rounds, lambda one: one.rate) for clients, rounds in measured.items()}
    shares = {clients: rate / max(max(rates.values()), 1e-9) for clients, rate in rates.items()}
    for clients, rounds in measured.items():
        page.rows.append(
            [
                str(clients),
                f"{rates[clients]:.1f}",
                f"{shares[clients]:.0%}",
                f"{median(rounds, lambda one: one.refused):.0%}",
                f"{median(rounds, lambda one: one.p50) * 1e3:.1f}",
                f"{median(rounds, lambda one: one.p99) * 1e3:.1f}",
                f"{median(rounds, lambda one: one.client_seconds) * 1e3:.2f}",
                statuses(rounds),
            ]
        )
    bars = [
        at_least(f"{clients} clients: photos/s ÷ the best level's", shares[clients], share)
        for clients, share in _SHARES.items()
    ]
    p99 = {clients: median(rounds, lambda one: one.p99) for clients, rounds in measured.items()}
    slowest = max(p99, key=lambda clients: p99[clients])
    bars.append(
        at_most(f"p99 of the accepted, {slowest} clients, s", p99[slowest], _P99_SECONDS),
    )
    refused = sum(one.statuses.get(429, 0) for one in measured[64])
    bars.append(at_most("64 clients: responses with 429", refused, 0))
    wrong = sum(one.statuses.get(WRONG_ANSWER, 0) for each in measured.values() for one in each)
    bars.append(at_most("answers to another photo, or none in a 200", wrong, 0))
    return [page], bars
