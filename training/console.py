"""Lines and tables on the terminal, printed as they are: no markup, no highlighting."""

import os
import unicodedata
from collections.abc import Callable, Container, Iterable, Sequence

from rich.console import Console
from rich.table import Table

UNLIMITED = 10_000
"""Columns that are enough for any table."""

_MOST = 20  # Photos left out that have a line each.
_BREAKING = ("Cc", "Cs", "Zl", "Zp")  # Control characters, surrogates, ends of lines.


def whole_lines() -> Console:
    """Return a console that folds tables to a terminal's width, but not in a pipe or a file."""
    console = Console()
    folded = console.is_terminal or "COLUMNS" in os.environ
    return console if folded else Console(width=UNLIMITED)


def say(console: Console, line: str) -> None:
    """Print a line, however long, without wrapping it."""
    console.print(in_one_line(line), highlight=False, markup=False, soft_wrap=True)


def in_one_line(text: str) -> str:
    """Return a text whose names of files neither break the line nor control the terminal."""
    breaking = {each for each in text if unicodedata.category(each) in _BREAKING}
    return "".join("\N{REPLACEMENT CHARACTER}" if each in breaking else each for each in text)


def say_left_out(console: Console, reasons: Sequence[str]) -> None:
    """Print which photos were left out and why; of many only the first, and how many more."""
    for reason in reasons[:_MOST]:
        say(console, f"left out: {reason}")
    if len(reasons) > _MOST:
        say(console, f"left out: and {len(reasons) - _MOST:,} more")


def show(console: Console, table: Table) -> None:
    """Print a table."""
    console.print(table, highlight=False, markup=False)


def show_folded(
    console: Console,
    rows: Sequence[dict[str, str]],
    table: Callable[[Sequence[dict[str, str]]], Table],
    stacked: Callable[[dict[str, str]], dict[str, str]],
) -> None:
    """Print a table with a line for each row; if it is too wide, one that stacks some columns.

    Args:
        console: as wide as its lines may be.
        rows: their cells by column.
        table: makes the table of rows.
        stacked: makes the row of the narrower table.
    """
    wide = table(rows)
    unlimited = console.options.update(width=UNLIMITED)
    fits = console.measure(wide, options=unlimited).maximum <= console.width
    show(console, wide if fits else table([stacked(row) for row in rows]))


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: "1 photo", "2,000 photos"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def plain_table(
    columns: Iterable[str], figures: Container[str] = (), unbroken: Container[str] = ()
) -> Table:
    """Return a table without lines.

    Args:
        columns: names of the columns.
        figures: those that are right-aligned and never wrapped.
        unbroken: others that are never wrapped.
    """
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(
            name,
            justify="right" if name in figures else "left",
            no_wrap=name in figures or name in unbroken,
            overflow="fold",
        )
    return table


def figures_table(first: str, *others: str, title: str | None = None) -> Table:
    """Return a table with a column of names, and right-aligned columns of figures."""
    table = Table(title=title)
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
