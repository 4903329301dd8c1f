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
_MARGIN = 2  # times the average, which must be left to who has waited: photos differ


class Turns:
    """Lets one thread at a time use the sandbox: first come, first served.

    Whoever would wait too long is refused at once, not when the time is over; so is, later, whoever
    turns out to have too little time left, since the photos before took longer than expected.
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
            if self._wait(len(self._queue)) > deadline.remaining() * _LARGEST_SHARE:
                raise self._too_many(f"number {len(self._queue)}")
            self._queue.append(ticket)
        try:
            with self._changed:
                while self._queue[0] is not ticket:
                    self._wait_for_change(ticket, deadline)
                self._began = began = time.monotonic()
            yield
        finally:
            with self._changed:
                if began:
                    self._seconds += _WEIGHT * (time.monotonic() - began - self._seconds)
                self._queue.remove(ticket)
                self._began = 0.0 if began else self._began
                self._changed.notify_all()

    def _wait_for_change(self, ticket: object, deadline: Deadline) -> None:
        if not self._changed.wait(deadline.remaining()):
            raise DeadlineExceeded(
                "The gateway was busy with other large photos for the request's whole time"
                f" budget ({deadline.seconds:g} s). Try again, or send a smaller JPEG."
            )
        wait = self._wait(self._queue.index(ticket))
        if wait + _MARGIN * self._seconds > deadline.remaining():
            raise self._too_many("took longer than expected")

    def _wait(self, before: int) -> float:
        """Return the expected wait, in seconds, of one who has so many photos before."""
        if not before:
            return 0.0
        elapsed = time.monotonic() - self._began if self._began else 0.0
        return max(0.0, self._seconds - elapsed) + self._seconds * (before - 1)

    def _too_many(self, what: str) -> TooManyRequests:
        return TooManyRequests(
            f"The photos before this one that are costly to decode (large, or HEIC, AVIF…) {what},"
            " which leaves it too little time. Try again, or send a smaller JPEG.",
            retry_after=max(1, math.ceil(self._wait(len(self._queue)))),
        )
