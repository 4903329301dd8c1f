"""Progress bars: shown in terminals only, and removed when they are complete."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

ProgressCallback = Callable[[int, int], None]
"""Called with the number of photos (of a download: bytes) that are done, and of all of them."""


def bar(console: Console, *columns: ProgressColumn) -> Progress:
    """Return a bar with a description, the given columns (default: a count), the remaining time."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *(columns or (MofNCompleteColumn(),)),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def counting(console: Console, what: str, *columns: ProgressColumn) -> Iterator[ProgressCallback]:
    """Yield a function that shows progress; the bar appears at the first call."""
    shown = bar(console, *columns)
    task = shown.add_task(what, total=None)

    def show(done: int, total: int) -> None:
        shown.start()
        shown.update(task, completed=done, total=total)

    try:
        yield show
    finally:
        shown.stop()


@contextmanager
def counting_bytes(console: Console, what: str) -> Iterator[ProgressCallback]:
    """Do the same as `counting`, for bytes and their speed."""
    with counting(console, what, DownloadColumn(), TransferSpeedColumn()) as show:
        yield show
