"""How long a request may take to arrive: its head, and then its body, with a least rate."""

import time
from dataclasses import dataclass
from math import inf

from serving.deadline import TIMEOUT_HEADER

HEAD_SECONDS = 5.0

# The average rate of a body counts only after this: connections start slowly, and may stall.
RATE_AFTER_SECONDS = 5.0

_RATE_PERIOD_SECONDS = 2.0


@dataclass(frozen=True)
class TimeLimits:
    """How long requests may take.

    Attributes:
        answer_seconds: from a request's last byte to its response.
        upload_seconds: from the end of its head to its last byte.
        min_rate: bytes per second, on average, at which a body has to arrive; 0: no such limit.
        head_seconds: from its first byte to the end of its head.
        rate_after: seconds of the body before which its rate does not count.
    """

    answer_seconds: float
    upload_seconds: float
    min_rate: float
    head_seconds: float = HEAD_SECONDS
    rate_after: float = RATE_AFTER_SECONDS


class Upload:
    """The arrival of one request.

    Attributes:
        began: when its first byte arrived, on the monotonic clock.
        ended: when its last byte so far arrived.
        received: the bytes of its body so far, as sent.
        asked_seconds: how long the request itself gives, from its first byte to its response.
        stop_at: when this worker stops waiting for it.
        reserved: bytes of the worker's memory for uploads that it holds.
        dropped: it was among the slowest when that memory became scarce.
    """

    def __init__(self, limits: TimeLimits) -> None:
        self._limits = limits
        self.began = self.ended = self._body_began = time.monotonic()
        self.received = 0
        self.asked_seconds = self.stop_at = inf
        self.reserved = 0
        self.dropped = False
        self._has_head = False
        # Of the last period that is over, and of the one before: when it began, the bytes by then.
        self._period = self._earlier_period = (self.began, 0)

    def begin_body(self, asked_seconds: float) -> None:
        """Start the limits of the body: the head has arrived."""
        self._has_head = True
        self.asked_seconds = asked_seconds
        self._body_began = time.monotonic()
        self._period = self._earlier_period = (self._body_began, 0)

    def take(self, size: int) -> None:
        """Count bytes of the body that have arrived."""
        self.ended = time.monotonic()
        self.received += size
        if self.ended - self._period[0] >= _RATE_PERIOD_SECONDS:
            self._earlier_period, self._period = self._period, (self.ended, self.received)

    @property
    def end(self) -> float:
        """When the first limit is reached if nothing more arrives, on the monotonic clock."""
        if self._has_head:
            return min(self._ends())
        seconds = min(self._limits.head_seconds, self._limits.upload_seconds)
        return min(self.began + seconds, self.stop_at)

    @property
    def answer_by(self) -> float:
        """When the response is due, if the last byte has arrived."""
        return min(self.ended + self._limits.answer_seconds, self.began + self.asked_seconds)

    def limit(self) -> str:
        """Return which limit is reached first, in words that follow "the body"."""
        ends = self._ends()
        return (
            f"did not arrive within the {self.asked_seconds:g} s of its {TIMEOUT_HEADER}",
            f"did not arrive within {self._limits.upload_seconds:g} s",
            f"arrived at less than {self._limits.min_rate:,} bytes/s on average",
            "did not arrive before this gateway, which is being restarted, had to stop",
        )[ends.index(min(ends))]

    def recent_rate(self, now: float) -> float:
        """Return the bytes per second that have arrived in the last few seconds."""
        began, before = self._earlier_period
        return (self.received - before) / max(now - began, 1e-6)

    def seconds(self, now: float) -> float:
        """Return how long the body has been arriving."""
        return now - self._body_began

    def _ends(self) -> tuple[float, float, float, float]:
        limits = self._limits
        # The average falls below the least rate after received / least rate seconds.
        rated = self.received / limits.min_rate if limits.min_rate else inf
        return (
            self.began + self.asked_seconds,
            self._body_began + limits.upload_seconds,
            self._body_began + max(limits.rate_after, rated),
            self.stop_at,
        )
