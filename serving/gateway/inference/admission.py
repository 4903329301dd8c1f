"""How many requests a worker works on at once, and how many photos it decodes at once."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from serving.deadline import Deadline
from serving.errors import DeadlineExceeded, TooManyRequests


class Admission:
    """Lets in a bounded number of requests at once and refuses the rest at once.

    It counts work, not connections: a slow upload is admitted only when its body is there.
    """

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._places = threading.BoundedSemaphore(bound)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold one place.

        Raises:
            TooManyRequests: all places are taken.
        """
        if not self._places.acquire(blocking=False):
            raise TooManyRequests(
                f"{self._bound} requests are being worked on, which is the most. Try again shortly."
            )
        try:
            yield
        finally:
            self._places.release()


class DecodePlaces:
    """Lets a bounded number of photos be decoded at once; the others wait their turn.

    More at once than there are processors would not be faster, only need more memory.
    """

    def __init__(self, bound: int) -> None:
        self._free: queue.SimpleQueue[None] = queue.SimpleQueue()
        for _ in range(bound):
            self._free.put(None)

    def take(self, deadline: Deadline) -> None:
        """Take a place, when one is free.

        Raises:
            DeadlineExceeded: none became free in time.
        """
        try:
            self._free.get(timeout=deadline.remaining())
        except queue.Empty:
            raise DeadlineExceeded(
                f"Other photos were decoded for the {deadline.seconds:g} s of the request."
                " Try again."
            ) from None

    def leave(self) -> None:
        """Give the place to the next."""
        self._free.put(None)
