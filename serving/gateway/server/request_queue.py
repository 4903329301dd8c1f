"""Requests that have arrived wait for their turn, as long as the expected wait is short.

How long a request will wait follows from Little's law (John Little, "A Proof for the Queuing
Formula: L = λW", 1961): while `max_running` requests are handled at once, one of them ends every
`mean duration / max_running` seconds; and from their processor time, since an idle gateway's
durations don't show that processors will be busy. Requests count by their bytes, as decoding takes
longer for larger photos. A limit on time adapts to what photos cost and to how fast the model
server is; a limit on their number does not.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

# The weight of the latest request in all means.
_WEIGHT = 1 / 16

# What a request costs without its photo, as bytes of a photo.
_BASE_BYTES = 20_000

T = TypeVar("T")


@dataclass
class _Means:
    """Of the requests so far: seconds, processor seconds, and bytes."""

    seconds: float = 0.0
    processor_seconds: float = 0.0
    size: float = float(_BASE_BYTES)

    def add(self, seconds: float, processor_seconds: float, size: int) -> None:
        self.seconds += _WEIGHT * (seconds - self.seconds)
        self.processor_seconds += _WEIGHT * (processor_seconds - self.processor_seconds)
        self.size += _WEIGHT * (size - self.size)


@dataclass
class _Line(Generic[T]):
    """The requests of one key that wait, and their bytes."""

    requests: deque[tuple[T, int]] = field(default_factory=deque)
    size: int = 0


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
        processors: how many processors they share.
        report_length: called with the number of waiting requests whenever it changes.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        max_running: int,
        max_wait: float,
        processors: float = 1.0,
        report_length: Callable[[int], None] = lambda length: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_running = max_running
        self._max_wait = max_wait
        self._processors = processors
        self._report_length = report_length
        self._clock = clock
        self._lock = threading.Lock()
        self._lines: dict[str, _Line[T]] = {}  # By key, in the order of their turns.
        self._length = 0
        self._running: dict[T, tuple[float, int]] = {}  # When each began, and its bytes.
        self._sum_of_starts = 0.0
        self._means = _Means()

    @property
    def full(self) -> bool:
        """Whether the next request would have to wait."""
        return len(self._running) >= self._max_running

    def start_or_enqueue(
        self,
        request: T,
        answer_by: float,
        size: int = 0,
        key: str = "",
        on_waiting: Callable[[], None] = lambda: None,
    ) -> bool:
        """Start a request, or enqueue it.

        Args:
            request: the request.
            answer_by: when its time budget ends, on the clock.
            size: its bytes.
            key: requests with different keys take turns; those with one key keep their order.
            on_waiting: called if it waits, before it can run: then it may belong to another thread.

        Returns:
            True: it runs; call `finish` after it. False: some call of `finish` will return it.

        Raises:
            Overloaded: its expected wait is above the maximum, or leaves too little of its time.
        """
        size += _BASE_BYTES
        with self._lock:
            now = self._clock()
            if not self.full:
                self._start(request, size, now)
                return True
            duration = self._expected_duration(now)
            expected = self._expected_wait(key, duration)
            if expected > min(self._max_wait, answer_by - now - duration):
                raise Overloaded(expected)
            line = self._lines.setdefault(key, _Line())
            line.requests.append((request, size))
            line.size += size
            self._change_length(1)
            on_waiting()
            return False

    def finish(self, request: T, processor_seconds: float = 0.0) -> T | None:
        """End a request that ran; return the one that runs next, if any waits."""
        with self._lock:
            now = self._clock()
            began, size = self._running.pop(request)
            self._sum_of_starts -= began
            self._means.add(now - began, processor_seconds, size)
            if not self._lines:
                return None
            key = next(iter(self._lines))
            line = self._lines.pop(key)
            following, size = line.requests.popleft()
            line.size -= size
            if line.requests:
                self._lines[key] = line  # Behind the other keys.
            self._change_length(-1)
            self._start(following, size, now)
            return following

    def remove(self, request: T) -> bool:
        """Remove a waiting request; return whether it was waiting."""
        with self._lock:
            for key, line in self._lines.items():
                for entry in line.requests:
                    if entry[0] == request:
                        line.requests.remove(entry)
                        line.size -= entry[1]
                        if not line.requests:
                            del self._lines[key]
                        self._change_length(-1)
                        return True
            return False

    def _start(self, request: T, size: int, now: float) -> None:
        self._running[request] = now, size
        self._sum_of_starts += now

    def _expected_duration(self, now: float) -> float:
        """Return the seconds that a request will run. Call with the lock held."""
        # While nothing ends, only the age of what runs shows that requests take longer now.
        mean_age = now - self._sum_of_starts / len(self._running)
        return max(self._means.seconds, mean_age)

    def _expected_wait(self, key: str, duration: float) -> float:
        """Return the seconds that a new request would wait. Call with the lock held."""
        means = self._means
        interval = max(duration / self._max_running, means.processor_seconds / self._processors)
        return interval * (1 + self._size_ahead(key) / means.size)

    def _size_ahead(self, key: str) -> int:
        """Return the bytes whose turn is before that of a new request."""
        own = self._lines.get(key)
        count, size = (len(own.requests), own.size) if own else (0, 0)
        for each, line in self._lines.items():
            if each != key:
                turns = min(len(line.requests), count + 1)
                size += line.size * turns // len(line.requests)
        return size

    def _change_length(self, change: int) -> None:
        self._length += change
        self._report_length(self._length)
