"""Work in threads, in order, with no more of it in memory than is worked on."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

_PORTION = 512  # Items that are worked on at once.

Given = TypeVar("Given")
Made = TypeVar("Made")


def mapped(work: Callable[[Given], Made], items: Sequence[Given]) -> Iterator[Made]:
    """Yield what the work makes of each item, in their order."""
    with _threads() as pool:
        for start in range(0, len(items), _PORTION):
            yield from pool.map(work, items[start : start + _PORTION])


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Give threads that, when an error or Ctrl-C ends the work, don't finish all of it first."""
    pool = ThreadPoolExecutor()
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
