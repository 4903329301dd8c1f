"""Gunicorn's arbiter, with a delay between the signal to stop and the stop."""

import time
from typing import Any

from gunicorn.arbiter import Arbiter

from serving.gateway.server.draining import Draining


class DrainingArbiter(Arbiter):  # type: ignore[misc]  # gunicorn has no types.
    """An arbiter that on SIGTERM first lets readiness fail, and stops when balancers know.

    Meanwhile everything goes on: requests are taken and answered, dead workers replaced. A second
    signal to stop ends the delay.
    """

    def __init__(self, application: Any, draining: Draining, delay: float) -> None:
        super().__init__(application)
        self._draining = draining
        self._delay = delay
        self._stop_at = float("inf")

    def handle_term(self) -> None:
        """Begin to drain, or stop where that is over or has no delay."""
        if self._draining.begun() or not self._delay:
            self._draining.begin()
            super().handle_term()
        self._draining.begin()
        self._stop_at = time.monotonic() + self._delay
        self.log.info("Draining: stopping in %g s", self._delay)

    def wait_for_signals(self, timeout: float = 1.0) -> list[int]:
        """Wait for signals; stop when the delay is over."""
        left = self._stop_at - time.monotonic()
        signals: list[int] = super().wait_for_signals(max(0.0, min(timeout, left)))
        if not signals and time.monotonic() >= self._stop_at:
            raise StopIteration
        return signals
