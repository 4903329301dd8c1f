"""The figures as tables: on the terminal and in Markdown."""

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
        """Return it for the terminal."""
        table = Table(title=self.title, title_justify="left")
        for place, name in enumerate(self.heading):
            table.add_column(name, justify="right" if place else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def to_markdown(self) -> str:
        """Return it as Markdown."""
        rows = [self.heading, ["---"] * len(self.heading), *self.rows]
        lines = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        return f"### {self.title}\n\n{lines}\n"


def median(rounds: Sequence[Measured], value: Callable[[Measured], float]) -> float:
    """Return the median of a value over the rounds."""
    return statistics.median(value(one) for one in rounds)


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds of the ratio within each."""
    return statistics.median(
        a / b if b else float("inf") for a, b in zip(ours, theirs, strict=True)
    )


def rivals(photo: str, measured: dict[str, list[Measured]]) -> Page:
    """Show each program's speed and how many times as fast the first is."""
    page = Page(
        f"{photo} photo, 8 clients",
        ["program", "requests/s", "p50 ms", "p99 ms", "ours, rate", "ours, p99", "clients' share"],
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
    """Show the chain's throughput by number of clients, against its best."""
    page = Page(
        "the chain by number of clients",
        ["clients", "requests/s", "of the best", "p50 ms", "p99 ms", "answers by status"],
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
    """Show what slow senders do to the others."""
    page = Page(
        "8 clients and 200 slow senders (1 byte/s)",
        ["8 clients", "requests/s", "p50 ms", "p99 ms", "answers by status"],
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
    ratio = median_ratio(p99["beside"], p99["alone"])
    page.rows.append(["ratio", "", "", f"{ratio:.2f}", ""])
    return page


def costs(spent: dict[str, list[float]]) -> Page:
    """Show what the gateway takes beyond what its parts alone do."""
    page = Page("processor time of a request, ms", ["", "median"])
    names = {
        "gateway": "gateway, all of it",
        "decode": "decoding and preparing alone",
        "flask": "bare Flask route that reads the photo",
        "predict": "bare gRPC call",
        "together": "the three in one Flask route",
    }
    for key, name in names.items():
        page.rows.append([name, f"{statistics.median(spent[key]) * 1e3:.2f}"])
    parts = [
        sum(three) for three in zip(spent["decode"], spent["flask"], spent["predict"], strict=True)
    ]
    for name, others in (("three alone, added up", parts), ("three in one", spent["together"])):
        ratio = median_ratio(spent["gateway"], others)
        page.rows.append([f"gateway beyond the {name}", f"{ratio - 1:+.0%}"])
    return page


def memory(sizes: list[tuple[int, int]]) -> Page:
    """Show how a worker grows."""
    page = Page("memory of the largest worker", ["after requests", "MiB"])
    marks = [0, 1000, 5000, 10_000, 20_000, 50_000, 100_000, sizes[-1][0]]
    page.rows.extend([f"{n:,}", f"{size / MEBIBYTE:.1f}"] for n, size in sizes if n in marks)
    settled = next((size for count, size in sizes if count >= 5000), sizes[-1][1])
    grown = (sizes[-1][1] - settled) / MEBIBYTE
    page.rows.append(["growth after the first 5,000", f"{grown:+.1f}"])
    return page
