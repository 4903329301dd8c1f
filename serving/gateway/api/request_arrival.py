"""How a request arrived: the worker that read it passes this to the app, in the WSGI environ."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from serving.http_errors import TooManyRequests

ARRIVAL = "photolabel.arrival"
"""The key in the WSGI environ; only our own worker sets it."""


@dataclass(frozen=True)
class Arrival:
    """A request's arrival.

    Attributes:
        began: when its first byte arrived, in seconds of the monotonic clock.
        ended: when its last byte arrived.
        late: its time budget was spent before its last byte arrived.
        crowded: the worker held too many bytes of uploads to keep more of its body.
        expected_wait: seconds that it would have to wait for its turn, if it is refused for that.
    """

    began: float = field(default_factory=time.monotonic)
    ended: float = field(default_factory=time.monotonic)
    late: bool = False
    crowded: bool = False
    expected_wait: float | None = None


def check_wait(environ: Mapping[str, Any]) -> None:
    """Raise `TooManyRequests` if the worker has refused a request, given its WSGI environ."""
    arrival = environ.get(ARRIVAL)
    if arrival is None or arrival.expected_wait is None:
        return
    seconds = math.ceil(arrival.expected_wait)
    raise TooManyRequests(
        f"The gateway is busy: this request would wait {arrival.expected_wait:.1f} s for its turn."
        f" Try again in {seconds} s.",
        retry_after=seconds,
    )
