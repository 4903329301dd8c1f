"""Ends uploads whose time is over.

A WSGI server's `read` blocks until the bytes are there, and a socket timeout starts anew with each
byte, so a sender of one byte a second would hold a thread for hours. One thread for each worker
process closes the receiving side of such a connection instead: `read` returns what it has, and the
answer can still be sent.
"""

import contextlib
import heapq
import itertools
import socket
import threading
import time
from collections.abc import Iterator

from serving.deadline import Deadline


class Guard:
    """One upload; `expired` says whether the watchdog ended it."""

    def __init__(self, connection: socket.socket) -> None:
        self.expired = False
        self._connection: socket.socket | None = connection

    def end(self) -> None:
        """End the upload, unless it is over."""
        if self._connection is not None:
            self.expired = True
            with contextlib.suppress(OSError):  # The client may be gone.
                self._connection.shutdown(socket.SHUT_RD)

    def release(self) -> None:
        """Say that the upload is over."""
        self._connection = None


class UploadWatchdog:
    """Guards uploads; its thread starts with the first one, and so after any fork."""

    def __init__(self) -> None:
        self._queue: list[tuple[float, int, Guard]] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def guarding(self, connection: socket.socket, deadline: Deadline) -> Iterator[Guard]:
        """Guard an upload until the deadline.

        Raises:
            BudgetSpent: the deadline is over already.
        """
        guard = Guard(connection)
        self._watch(guard, time.monotonic() + deadline.remaining())
        try:
            yield guard
        finally:
            with self._wake:
                guard.release()

    def _watch(self, guard: Guard, end: float) -> None:
        with self._wake:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="uploads", daemon=True)
                self._thread.start()
            heapq.heappush(self._queue, (end, next(self._order), guard))
            if self._queue[0][2] is guard:
                self._wake.notify()

    def _run(self) -> None:
        with self._wake:
            while True:
                if not self._queue:
                    self._wake.wait()
                    continue
                wait = self._queue[0][0] - time.monotonic()
                if wait > 0:
                    self._wake.wait(wait)
                else:
                    heapq.heappop(self._queue)[2].end()
