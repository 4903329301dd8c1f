"""Requests that have arrived wait for their turn, as long as the expected wait is short.

How long a request will wait follows from Little's law (John Little, "A Proof for the Queuing
Formula: L = λW", 1961): while `max_running` requests are handled at once, one of them ends every
`mean duration / max_running` seconds. A limit on time adapts to what photos cost and to how fast
the model server is; a limit on their number does not.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

# The weight of the latest request in the mean duration.
_WEIGHT = 1 / 16

T = TypeVar("T")


class Overloaded(Exception):
    """The expected wait is too long; `expected` has its seconds."""

    def __init__(self, expected: float) -> None:
        super().__init__(expected)
        self.expected = expected


class RequestQueue(Generic[T]):
    """Lets a limited number of requests run at once; the others wait for their turn.

    It has no threads: whoever has finished a request takes the next one. Any number of threads may
    call it at once.

    Args:
        max_running: how many requests run at once.
        max_wait: seconds of expected waiting, above which a request is refused.
        report_length: called with the number of waiting requests whenever it changes.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        max_running: int,
        max_wait: float,
        report_length: Callable[[int], None] = lambda length: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_running = max_running
        self._max_wait = max_wait
        self._report_length = report_length
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[T]] = {}  # By key, in the order of their turns.
        self._length = 0
        self._running: dict[T, float] = {}  # When each began.
        self._sum_of_starts = 0.0
        self._mean_seconds = 0.0

    @property
    def full(self) -> bool:
        """Whether the next request would have to wait."""
        return len(self._running) >= self._max_running

    def start_or_enqueue(self, request: T, answer_by: float, key: str = "") -> bool:
        """Start a request, or enqueue it.

        Args:
            request: the request.
            answer_by: when its time budget ends, on the clock.
            key: requests with different keys take turns; those with one key keep their order.

        Returns:
            True: it runs; call `finish` after it. False: some call of `finish` will return it.

        Raises:
            Overloaded: its expected wait is above the maximum, or longer than its time budget.
        """
        with self._lock:
            now = self._clock()
            if not self.full:
                self._start(request, now)
                return True
            expected = self._expected_wait(key, now)
            if expected > min(self._max_wait, answer_by - now):
                raise Overloaded(expected)
            self._waiting.setdefault(key, deque()).append(request)
            self._change_length(1)
            return False

    def finish(self, request: T) -> T | None:
        """End a request that ran; return the one that runs next, if any waits."""
        with self._lock:
            now = self._clock()
            began = self._running.pop(request)
            self._sum_of_starts -= began
            self._mean_seconds += _WEIGHT * (now - began - self._mean_seconds)
            if not self._waiting:
                return None
            key = next(iter(self._waiting))
            queue = self._waiting.pop(key)
            following = queue.popleft()
            if queue:
                self._waiting[key] = queue  # Behind the other keys.
            self._change_length(-1)
            self._start(following, now)
            return following

    def remove(self, request: T) -> bool:
        """Remove a waiting request; return whether it was waiting."""
        with self._lock:
            for key, queue in self._waiting.items():
                if request in queue:
                    queue.remove(request)
                    if not queue:
                        del self._waiting[key]
                    self._change_length(-1)
                    return True
            return False

    def _start(self, request: T, now: float) -> None:
        self._running[request] = now
        self._sum_of_starts += now

    def _expected_wait(self, key: str, now: float) -> float:
        """Return the seconds that a new request would wait. Call with the lock held."""
        own = len(self._waiting.get(key, ()))
        others = (min(len(queue), own + 1) for each, queue in self._waiting.items() if each != key)
        # While nothing ends, only the age of what runs shows that requests take longer now.
        mean_age = now - self._sum_of_starts / len(self._running)
        seconds = max(self._mean_seconds, mean_age)
        return (own + sum(others) + 1) * seconds / self._max_running

    def _change_length(self, change: int) -> None:
        self._length += change
        self._report_length(self._length)
