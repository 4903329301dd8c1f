"""Whose photo is next in the sandbox."""

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from serving.deadline import Deadline
from serving.http_errors import DeadlineExceeded, TooManyRequests

_FIRST_SECONDS = 0.5  # what a photo is expected to take before one has been measured
_WEIGHT = 0.3  # of the latest photo in the average
_LARGEST_SHARE = 0.5  # of the time that is left, for waiting; the rest is for decoding


class Turns:
    """Lets one thread at a time use the sandbox: first come, first served.

    Whoever would wait too long is refused at once, not when the time is over.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._queue: deque[object] = deque()  # The first one has its turn.
        self._seconds = _FIRST_SECONDS
        self._began = 0.0

    @contextmanager
    def taken(self, deadline: Deadline) -> Iterator[None]:
        """Wait for a turn and hold it.

        Raises:
            TooManyRequests: so many are waiting that the turn would come too late.
            DeadlineExceeded: it did not come in time.
        """
        ticket, began = object(), 0.0
        with self._changed:
            self._check_wait(deadline.remaining())
            self._queue.append(ticket)
        try:
            with self._changed:
                if not self._changed.wait_for(
                    lambda: self._queue[0] is ticket, deadline.remaining()
                ):
                    raise DeadlineExceeded(
                        "The gateway was busy with other large photos for the request's whole time"
                        f" budget ({deadline.seconds:g} s). Try again, or send a smaller JPEG."
                    )
                self._began = began = time.monotonic()
            yield
        finally:
            with self._changed:
                if began:
                    self._seconds += _WEIGHT * (time.monotonic() - began - self._seconds)
                self._queue.remove(ticket)
                self._changed.notify_all()

    def _check_wait(self, left: float) -> None:
        if not self._queue:
            return
        elapsed = time.monotonic() - self._began if self._began else 0.0
        first = max(0.0, self._seconds - elapsed)
        expected = first + self._seconds * (len(self._queue) - 1)
        if expected > left * _LARGEST_SHARE:
            raise TooManyRequests(
                f"{len(self._queue)} photos that are costly to decode (large, or HEIC, AVIF…) are"
                " before this one. Try again, or send a smaller JPEG.",
                retry_after=math.ceil(expected),
            )
