"""Bars that show how far something is; they vanish when it is done, and are not drawn in files."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


def bar(console: Console) -> Progress:
    """Return a bar with a description, a count and the time that is left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def counting(console: Console, what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar while something is counted up; the bar appears with the first count."""
    with bar(console) as shown:
        task = shown.add_task(what, total=None, visible=False)

        def show(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, visible=True)

        yield show
