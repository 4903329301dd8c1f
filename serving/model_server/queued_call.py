"""One call on its way through the queue of a signature."""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from serving.model_server import errors
from serving.model_server.signatures import SignatureRunner
from serving.model_server.tensors import Array, Arrays

# Seconds for which the client will still wait; 0 once it has gone away or its deadline has passed.
RemainingTime = Callable[[], float]


def no_deadline() -> float:
    """Return the remaining time of a client without a deadline."""
    return math.inf


@dataclass(eq=False)
class QueuedCall:
    """The inputs of one call, and later its results or its error."""

    arrays: Arrays
    outputs: Sequence[str]
    rows: int
    remaining_time: RemainingTime
    results: list[Array] = field(default_factory=list)
    error: Exception | None = None
    leads: bool = False

    def __post_init__(self) -> None:
        self.arrived = time.monotonic()
        # Calls can be joined if they differ in nothing but the number of rows.
        shapes = tuple((alias, self.arrays[alias].shape[1:]) for alias in sorted(self.arrays))
        self.batch_key = (tuple(self.outputs), shapes)
        self._wake = threading.Lock()
        self._wake.acquire()

    def wake(self) -> None:
        """Wake the call's thread: the call has its results or error, or leads a batch."""
        self._wake.release()

    def wait(self) -> bool:
        """Wait to be woken; return False if the client's deadline passes first."""
        seconds = min(self.remaining_time(), threading.TIMEOUT_MAX)
        return self._wake.acquire(timeout=max(seconds, 0))

    def compute(self, runner: SignatureRunner) -> None:
        """Compute this call alone; keep an error for the call's thread to raise."""
        try:
            self.results = runner.compute(self.arrays, self.outputs)
        except Exception as error:
            self.error = error

    def expire(self) -> None:
        """End the call because its deadline has passed."""
        self.error = errors.deadline_passed()
