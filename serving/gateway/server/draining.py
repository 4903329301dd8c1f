"""SIGTERM: the master drains (`DrainingArbiter.handle_term`), then workers stop (`Worker.run`)."""

import mmap
import time
from typing import Any

from gunicorn.arbiter import Arbiter


class Draining:
    """A flag that the master sets when the gateway is about to stop, and that its workers read.

    While it is set, readiness fails; requests are still accepted and answered. It is in shared
    memory: make it before the fork.
    """

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def begin(self) -> None:
        """Set the flag, for good."""
        self._byte[0] = 1

    def begun(self) -> bool:
        """Return whether the flag is set."""
        return self._byte[0] == 1


class DrainingArbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types.
    """The master process, which gunicorn calls the arbiter; on SIGTERM it drains, then stops.

    While it drains, readiness fails, so that load balancers choose another gateway; requests are
    still accepted and answered, and dead workers replaced. A second SIGTERM ends the delay.
    """

    def __init__(self, application: Any, draining: Draining, delay: float) -> None:
        super().__init__(application)
        self._draining = draining
        self._delay = delay
        self._stop_at = float("inf")

    def handle_term(self) -> None:
        """Start the delay; stop at once if there is none or it has started already.

        Raises:
            StopIteration: how gunicorn's main loop is told to stop the workers gracefully.
        """
        stop_now = self._draining.begun() or not self._delay
        self._draining.begin()
        if stop_now:
            raise StopIteration
        self._stop_at = time.monotonic() + self._delay
        self.log.info("Draining: stopping in %g s", self._delay)

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Wait for signals, or for the end of the delay.

        Raises:
            StopIteration: the delay is over.
        """
        left = self._stop_at - time.monotonic()
        signals: list[int] = super().wait_for_signals(max(0.0, min(timeout, left)))
        if not signals and time.monotonic() >= self._stop_at:
            raise StopIteration
        return signals
