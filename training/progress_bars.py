"""Progress bars: shown in terminals only, and removed when they are complete."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

ProgressCallback = Callable[[int, int], None]
"""Called with the number of photos that are done and the number of all photos."""


def bar(console: Console) -> Progress:
    """Return a bar with a description, a count and the remaining time."""
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
def counting(console: Console, what: str) -> Iterator[ProgressCallback]:
    """Yield a function that shows progress; the bar appears at the first call."""
    with bar(console) as shown:
        task = shown.add_task(what, total=None, visible=False)

        def show(done: int, total: int) -> None:
            shown.update(task, completed=done, total=total, visible=True)

        yield show
