"""Fails fast while the model server does not answer, and probes whether it is back.

Michael Nygard, Release It!, 2007, "Circuit Breaker". Ours, because the libraries for it either run
every call under one lock or are made for asyncio.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from serving.errors import DeadlineExceeded, ModelServerUnavailable

FAILURES_TO_OPEN = 5
PROBE_SECONDS = 0.5
SLOW_SECONDS = 2.0


class Breaker:
    """Counts failures in a row; above a number, lets only two calls a second through to probe.

    A failure is a call that found nobody, or nobody who answered in `SLOW_SECONDS`: without the
    breaker each such call would hold its place, and its caller, until its deadline. A deadline
    shorter than that says nothing of the model server, only of an impatient caller.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Guard one call to the model server.

        Raises:
            ModelServerUnavailable: calls have failed, and it is not yet time to probe again.
        """
        self._enter()
        begun = self._clock()
        try:
            yield
        except ModelServerUnavailable:
            self._failed()
            raise
        except DeadlineExceeded:
            if self._clock() - begun >= SLOW_SECONDS:
                self._failed()
            raise
        except Exception:
            self._answered()  # Any other error is an answer.
            raise
        else:
            self._answered()

    def check(self) -> None:
        """Find out whether a call would be refused now, before anything is done for it.

        Raises:
            ModelServerUnavailable: it would.
        """
        if self._failures >= FAILURES_TO_OPEN and self._clock() < self._next_probe:
            raise _unavailable()

    def _enter(self) -> None:
        if self._failures < FAILURES_TO_OPEN:
            return
        with self._lock:
            now = self._clock()
            if self._failures >= FAILURES_TO_OPEN and now < self._next_probe:
                raise _unavailable()
            self._next_probe = now + PROBE_SECONDS

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures == FAILURES_TO_OPEN:
                self._next_probe = self._clock() + PROBE_SECONDS

    def _answered(self) -> None:
        if self._failures:
            with self._lock:
                self._failures = 0


def _unavailable() -> ModelServerUnavailable:
    return ModelServerUnavailable(
        "The model server has not answered for a while. Try again shortly."
    )
