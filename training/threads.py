"""Parallel work in threads, with results in order and a limited number of them in memory."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_CHUNK = 512  # Items that are submitted at once.

Item = TypeVar("Item")
Result = TypeVar("Result")


def mapped(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield the result of `work` for each item, in order."""
    pool = ThreadPoolExecutor()
    try:
        for start in range(0, len(items), _CHUNK):
            yield from pool.map(work, items[start : start + _CHUNK])
    finally:
        pool.shutdown(cancel_futures=True)  # After an error or Ctrl-C, work may be pending.
