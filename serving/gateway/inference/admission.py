"""How many requests a worker handles at once, and how many photos it decodes at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from serving.deadline import Deadline
from serving.http_errors import DeadlineExceeded, TooManyRequests


class Admission:
    """Admits a limited number of requests at once and refuses the others immediately.

    It counts work, not connections: a slow upload is admitted only when its body has arrived.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._permits = threading.BoundedSemaphore(limit)

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold a permit.

        Raises:
            TooManyRequests: no permit is free.
        """
        if not self._permits.acquire(blocking=False):
            raise TooManyRequests(
                f"The maximum number of requests in progress ({self._limit}) is reached. Try again."
            )
        try:
            yield
        finally:
            self._permits.release()


class DecodeLimit:
    """Lets a limited number of photos be decoded at once; the others wait.

    More at once than there are processors would not be faster, only take more memory.
    """

    def __init__(self, limit: int) -> None:
        self._permits = threading.BoundedSemaphore(limit)

    @contextmanager
    def acquired(self, deadline: Deadline) -> Iterator[None]:
        """Wait for a permit and hold it.

        Raises:
            DeadlineExceeded: none became free in time.
        """
        if not self._permits.acquire(timeout=deadline.remaining()):
            raise DeadlineExceeded(
                "The gateway was busy with other photos for the request's whole time budget"
                f" ({deadline.seconds:g} s). Try again."
            )
        try:
            yield
        finally:
            self._permits.release()
