"""The figures as tables, for the terminal and in Markdown."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.table import Table

from benchmarks.serving.load import Measured

OURS = "Photolabel"
MEBIBYTE = 1024 * 1024


@dataclass
class Page:
    """One table: a title, a heading, rows of text."""

    title: str
    heading: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)

    def to_rich(self) -> Table:
        """Return the table for the terminal."""
        table = Table(title=self.title, title_justify="left")
        for index, name in enumerate(self.heading):
            table.add_column(name, justify="right" if index else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def to_markdown(self) -> str:
        """Return the table as Markdown."""
        rows = [self.heading, ["---"] * len(self.heading), *self.rows]
        lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        return f"### {self.title}\n\n{lines}\n"


def median(rounds: Sequence[Measured], value: Callable[[Measured], float]) -> float:
    """Return the median of a value over the rounds."""
    return statistics.median(value(one) for one in rounds)


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(
        a / b if b else float("inf") for a, b in zip(ours, theirs, strict=True)
    )


def rivals(photo: str, measured: dict[str, list[Measured]]) -> Page:
    """Return the speed of each program, and Photolabel's speed-up over it."""
    page = Page(
        f"{photo} photo, 8 clients",
        [
            "program",
            "requests/s",
            "p50 ms",
            "p99 ms",
            "speed-up",
            "p99 ratio",
            "clients' share",
        ],
    )
    ours = measured[OURS]
    for name, rounds in measured.items():
        rate = median_ratio([one.rate for one in ours], [one.rate for one in rounds])
        p99 = median_ratio([one.p99 for one in ours], [one.p99 for one in rounds])
        page.rows.append(
            [
                name,
                f"{median(rounds, lambda one: one.rate):.1f}",
                f"{median(rounds, lambda one: one.p50) * 1e3:.1f}",
                f"{median(rounds, lambda one: one.p99) * 1e3:.1f}",
                f"× {rate:.1f}",
                f"1/{1 / p99:.1f}" if p99 else "–",
                f"{median(rounds, lambda one: one.share):.0%}",
            ]
        )
    return page


def levels(measured: dict[int, list[Measured]]) -> Page:
    """Return throughput by number of clients, also relative to the best."""
    page = Page(
        "gateway by number of clients",
        ["clients", "requests/s", "of the best", "p50 ms", "p99 ms", "responses by status"],
    )
    rates = {clients: median(rounds, lambda one: one.rate) for clients, rounds in measured.items()}
    for clients, rounds in measured.items():
        page.rows.append(
            [
                str(clients),
                f"{rates[clients]:.1f}",
                f"{rates[clients] / max(rates.values()):.0%}",
                f"{median(rounds, lambda one: one.p50) * 1e3:.1f}",
                f"{median(rounds, lambda one: one.p99) * 1e3:.1f}",
                _statuses(rounds),
            ]
        )
    return page


def _statuses(rounds: Sequence[Measured]) -> str:
    found = sorted({status for one in rounds for status in one.statuses})
    counts = {status: sum(one.statuses.get(status, 0) for one in rounds) for status in found}
    return ", ".join(f"{status or 'none'}: {count}" for status, count in counts.items())


def slow(measured: dict[str, list[Measured]]) -> Page:
    """Return the effect of slow senders on other clients."""
    page = Page(
        "8 clients and 200 slow senders (1 byte/s)",
        ["8 clients", "requests/s", "p50 ms", "p99 ms", "responses by status"],
    )
    for name, rounds in measured.items():
        page.rows.append(
            [
                name,
                f"{median(rounds, lambda one: one.rate):.1f}",
                f"{median(rounds, lambda one: one.p50) * 1e3:.1f}",
                f"{median(rounds, lambda one: one.p99) * 1e3:.1f}",
                _statuses(rounds),
            ]
        )
    p99 = {name: [one.p99 for one in rounds] for name, rounds in measured.items()}
    ratio = median_ratio(p99["with slow senders"], p99["alone"])
    page.rows.append(["ratio", "", "", f"{ratio:.2f}", ""])
    return page


def costs(spent: dict[str, list[float]]) -> Page:
    """Return the gateway's processor time compared with that of its parts."""
    page = Page("processor time per request, ms", ["", "median"])
    names = {
        "gateway": "gateway",
        "decode": "decoding and preparing only",
        "flask": "bare Flask route that reads the photo",
        "predict": "bare gRPC call",
        "together": "these three in one Flask route",
    }
    for key, name in names.items():
        page.rows.append([name, f"{statistics.median(spent[key]) * 1e3:.2f}"])
    parts = [
        sum(three) for three in zip(spent["decode"], spent["flask"], spent["predict"], strict=True)
    ]
    for name, others in (("sum of the three", parts), ("three in one route", spent["together"])):
        ratio = median_ratio(spent["gateway"], others)
        page.rows.append([f"gateway compared with the {name}", f"{ratio - 1:+.0%}"])
    return page


def memory(sizes: list[tuple[int, int]]) -> Page:
    """Return the growth of a worker's memory."""
    page = Page("memory of the largest worker", ["after requests", "MiB"])
    marks = [0, 1000, 5000, 10_000, 20_000, 50_000, 100_000, sizes[-1][0]]
    page.rows.extend([f"{n:,}", f"{size / MEBIBYTE:.1f}"] for n, size in sizes if n in marks)
    settled = next((size for count, size in sizes if count >= 5000), sizes[-1][1])
    grown = (sizes[-1][1] - settled) / MEBIBYTE
    page.rows.append(["growth after the first 5,000", f"{grown:+.1f}"])
    return page
