"""A thread that does something every few seconds, whatever happens."""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)


class Repeating:
    """Make it after the fork.

    Args:
        name: of the thread; in the log if the action fails.
        seconds: returns how long to wait after each time.
        action: what to do.
    """

    def __init__(self, name: str, seconds: Callable[[], float], action: Callable[[], None]) -> None:
        self._name = name
        self._seconds = seconds
        self._action = action
        self._closed = threading.Event()

    def start(self) -> None:
        """Start; the first time is now."""
        threading.Thread(target=self._run, name=self._name, daemon=True).start()

    def close(self) -> None:
        """Stop, without waiting for what is under way."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._action()
            except Exception:
                log.exception("%s failed", self._name)
            self._closed.wait(self._seconds())
