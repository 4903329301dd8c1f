"""A thread that polls again and again, and at once where somebody waits for it."""

import logging
import threading
from collections import deque
from collections.abc import Callable

_logger = logging.getLogger(__name__)


class Poller:
    """Polls in a thread of its own from `start` to `stop`.

    Attributes:
        stopping: whether a poll should end early.
    """

    def __init__(self, poll: Callable[[], None], seconds: float) -> None:
        """Poll by calling a function every so many seconds; what it raises is logged."""
        self.stopping = threading.Event()
        self._poll = poll
        self._seconds = seconds
        self._first = threading.Event()
        self._wake = threading.Event()
        self._awaited: deque[threading.Event] = deque([self._first])  # Set after the next poll.
        self._thread = threading.Thread(target=self._run, name="poller")

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; a poll in progress is finished first."""
        self.stopping.set()
        self._wake.set()
        self._thread.join()

    def wait_for_first(self, timeout: float | None = None) -> bool:
        """Wait until it has polled once; return False after a timeout."""
        return self._first.wait(timeout)

    def poll_now(self) -> None:
        """Return when a poll that begins after this call has ended, or the thread is to stop."""
        polled = threading.Event()
        self._awaited.append(polled)
        self._wake.set()
        while not polled.wait(0.1) and not self.stopping.is_set():
            pass

    def _run(self) -> None:
        while not self.stopping.is_set():
            self._wake.clear()
            awaited = [self._awaited.popleft() for _ in range(len(self._awaited))]
            try:
                self._poll()
            except Exception:  # Serving must go on.
                _logger.exception("polling for versions failed; trying again")
            for polled in awaited:
                polled.set()
            self._wake.wait(self._seconds)
