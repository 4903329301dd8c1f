"""How many requests a worker works on at once: decoding photos and waiting for the model."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from serving.errors import TooManyRequests


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
