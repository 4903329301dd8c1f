"""A thread that does something every few seconds, whatever happens."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class RepeatingThread:
    """Make and start it after a fork: threads don't survive one.

    Args:
        name: of the thread; in the log if the action fails.
        seconds: returns how long to wait after each time.
        action: what to do.
    """

    def __init__(self, name: str, seconds: Callable[[], float], action: Callable[[], None]) -> None:
        self._seconds = seconds
        self._action = action
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start; the first time is now."""
        self._thread.start()

    def close(self, *, wait: bool = False) -> None:
        """Stop, and wait for what is under way only if asked."""
        self._closed.set()
        if wait:
            self._thread.join()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._action()
            except Exception:
                log.exception("%s failed", self._thread.name)
            self._closed.wait(self._seconds())
