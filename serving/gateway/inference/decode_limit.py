"""How many photos a worker decodes at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from serving.deadline import Deadline
from serving.http_errors import DeadlineExceeded


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
