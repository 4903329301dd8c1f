"""Tables, for the terminal and in Markdown, and bars: figures that must be reached."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from rich.table import Table

from benchmarks.serving.clients import NO_RESPONSE, WRONG_ANSWER
from benchmarks.serving.load import Measured

T = TypeVar("T")
MEBIBYTE = 1024 * 1024
_MET = {True: "met", False: "missed", None: "–"}


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


@dataclass(frozen=True)
class Bar:
    """A figure and its required value.

    Attributes:
        what: the figure's name.
        found: the measured value, as text.
        wanted: the required value, as text.
        met: None if it can't be decided.
    """

    what: str
    found: str
    wanted: str
    met: bool | None


def at_least(what: str, found: float, minimum: float) -> Bar:
    """Return the bar for a figure with a minimum; a figure that is not a number misses it."""
    return Bar(what, f"{found:.4g}", f"≥ {minimum:.4g}", found >= minimum)


def at_most(what: str, found: float, maximum: float) -> Bar:
    """Return the bar for a figure with a maximum; a figure that is not a number misses it."""
    return Bar(what, f"{found:.4g}", f"≤ {maximum:.4g}", found <= maximum)


def bars(found: Iterable[Bar]) -> Page:
    """Return the bars, and whether they are met."""
    page = Page("bars", ["figure", "measured", "required", ""])
    page.rows.extend([each.what, each.found, each.wanted, _MET[each.met]] for each in found)
    return page


def median(rounds: Iterable[T], value: Callable[[T], float]) -> float:
    """Return the median of a value over the rounds."""
    return statistics.median(value(one) for one in rounds)


def median_ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median of the ratios within each round."""
    return statistics.median(
        a / b if b else float("inf") for a, b in zip(ours, theirs, strict=True)
    )


def statuses(rounds: Iterable[Measured]) -> str:
    """Return the number of responses by status."""
    names = {NO_RESPONSE: "none", WRONG_ANSWER: "wrong answer"}
    counts: dict[int, int] = {}
    for one in rounds:
        for status, count in one.statuses.items():
            counts[status] = counts.get(status, 0) + count
    return ", ".join(f"{names.get(status, status)}: {counts[status]}" for status in sorted(counts))
