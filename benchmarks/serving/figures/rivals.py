"""Small and large photos from 8 clients, compared with a tutorial's server and LitServe."""

import contextlib
from collections.abc import Iterator

from benchmarks.serving import programs
from benchmarks.serving.figures import CLIENTS, Plan, Setup
from benchmarks.serving.load import Measured, measure
from benchmarks.serving.programs import Running
from benchmarks.serving.report import Bar, Page, at_least, at_most, median, median_ratio, statuses

STEPS = 6
_WARM_UP_SECONDS = 1.0
_OURS, _TUTORIAL, _LITSERVE = "Photolabel", "Flask + model.predict", "LitServe"

Rounds = dict[str, dict[str, list[Measured]]]


def measure_rounds(setup: Setup, plan: Plan) -> Rounds:
    """Return each round's measurement by photo and program."""
    with _others(setup) as others:
        running = [setup.chain, *others]
        photos = {"small": setup.small, "large": [setup.large]}
        targets = {
            name: {program.name: program.target(*some) for program in running}
            for name, some in photos.items()
        }
        measured: Rounds = {name: {each.name: [] for each in running} for name in photos}
        for round_ in range(plan.rounds):
            for name in photos:
                # The first program meets a cooler machine than the last one: rotate the order.
                for index in range(len(running)):
                    program = running[(index + round_) % len(running)].name
                    measure(targets[name][program], CLIENTS, _WARM_UP_SECONDS)
                    one = measure(targets[name][program], CLIENTS, plan.seconds)
                    measured[name][program].append(one)
                    plan.step(f"{name} photo, {program}")
    return measured


@contextlib.contextmanager
def _others(setup: Setup) -> Iterator[list[Running]]:
    with contextlib.ExitStack() as stack:
        others = [stack.enter_context(programs.tutorial(setup.logs))]
        if programs.has_litserve():
            others.append(stack.enter_context(programs.litserve(setup.models, setup.logs)))
        yield others


def report(measured: Rounds) -> tuple[list[Page], list[Bar]]:
    """Return the speed of each program, and the bars for the gateway's."""
    small, large = measured["small"], measured["large"]
    bars = []
    if _LITSERVE in small:
        rate, p99 = _ratios(small, _LITSERVE)
        bars.append(at_least("small photo, 8 clients: rate ÷ LitServe's", rate, 2.2))
        bars.append(at_most("small photo, 8 clients: p99 ÷ LitServe's", p99, 1 / 1.5))
    else:
        missing = "LitServe is not installed (make bench-serving installs it)"
        bars.append(Bar("small photo, 8 clients, against LitServe", missing, "≥ 2.2", None))
    for photo, rounds, bar in (("small photo", small, 20.0), ("12 megapixels", large, 13.0)):
        rate, _ = _ratios(rounds, _TUTORIAL)
        bars.append(at_least(f"{photo}, 8 clients: rate ÷ the tutorial's", rate, bar))
    return [_page(name, rounds) for name, rounds in measured.items()], bars


def _ratios(rounds: dict[str, list[Measured]], other: str) -> tuple[float, float]:
    """Return the ratios of the rates and of the p99."""
    ours, theirs = rounds[_OURS], rounds[other]
    rate = median_ratio([one.rate for one in ours], [one.rate for one in theirs])
    return rate, median_ratio([one.p99 for one in ours], [one.p99 for one in theirs])


def _page(photo: str, rounds: dict[str, list[Measured]]) -> Page:
    heading = ["program", "photos/s", "p50 ms", "p99 ms", "rate ratio", "p99 ratio", "client ms"]
    page = Page(f"{photo} photo, 8 clients", [*heading, "responses by status"])
    for name, each in rounds.items():
        rate, p99 = _ratios(rounds, name)
        page.rows.append(
            [
                name,
                f"{median(each, lambda one: one.rate):.1f}",
                f"{median(each, lambda one: one.p50) * 1e3:.1f}",
                f"{median(each, lambda one: one.p99) * 1e3:.1f}",
                f"× {rate:.2f}",
                f"{p99:.2f}",
                f"{median(each, lambda one: one.client_seconds) * 1e3:.2f}",
                statuses(each),
            ]
        )
    return page
