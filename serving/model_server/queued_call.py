"""One call on its way through the queue of a signature."""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from serving.model_server import errors
from serving.model_server.signatures import SignatureRunner
from serving.model_server.tensors import Array

# Seconds that a caller will still wait for its answer; 0 when nobody does any more.
Patience = Callable[[], float]


def endless() -> float:
    """Return the patience of a caller without a deadline."""
    return math.inf


class Call:
    """One call: what it brought, and what becomes of it."""

    def __init__(
        self, arrays: Mapping[str, Array], outputs: Sequence[str], rows: int, patience: Patience
    ) -> None:
        self.arrays = arrays
        self.outputs = outputs
        self.rows = rows
        self.patience = patience
        self.arrived = time.monotonic()
        # Only calls that differ in nothing but the number of rows can be joined.
        shapes = tuple((alias, arrays[alias].shape[1:]) for alias in sorted(arrays))
        self.kind = (tuple(outputs), shapes)
        self.results: list[Array] = []
        self.error: Exception | None = None
        self.leads = False
        self._wake = threading.Lock()
        self._wake.acquire()

    def wake(self) -> None:
        """Let the call's thread go on: it is answered, or leads."""
        self._wake.release()

    def sleep(self) -> bool:
        """Wait to be woken; False if the caller's patience ends before."""
        seconds = min(self.patience(), threading.TIMEOUT_MAX)
        return self._wake.acquire(timeout=max(seconds, 0))

    def compute(self, runner: SignatureRunner) -> None:
        """Compute this call alone; what goes wrong is kept for its thread to raise."""
        try:
            self.results = runner.compute(self.arrays, self.outputs)
        except Exception as error:
            self.error = error

    def expire(self) -> None:
        """Answer a call for which nobody waits any more."""
        self.error = errors.deadline_passed()
