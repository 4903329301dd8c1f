"""How a request arrived: the worker that read it passes this to the app, in the WSGI environ."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from serving.http_errors import TooManyRequests, UploadTimeout

ARRIVAL = "photolabel.arrival"
"""The key in the WSGI environ; only our own worker sets it."""


@dataclass(frozen=True)
class Arrival:
    """A request's arrival.

    Attributes:
        began: when its first byte arrived, in seconds of the monotonic clock.
        ended: when its last byte arrived, or when no more of it was awaited.
        late: the limit that was reached before its last byte arrived, in words that follow "the
            body"; None: none was.
        crowded: the worker held too many bytes of uploads to keep more of its body.
        received: the bytes of its body that have arrived.
        expected_wait: seconds that it would have to wait for its turn, if it is refused for that.
    """

    began: float = field(default_factory=time.monotonic)
    ended: float = field(default_factory=time.monotonic)
    late: str | None = None
    crowded: bool = False
    received: int = 0
    expected_wait: float | None = None

    def check(self, announced: int | None) -> None:
        """Check that the body has arrived; `announced` is its length, if it is known.

        Raises:
            UploadTimeout: it did not arrive in time.
            TooManyRequests: the worker holds too many bytes of uploads.
        """
        of = "" if announced is None else f" of {announced:,}"
        came = f"{self.received:,}{of} bytes came in {self.ended - self.began:.1f} s"
        if self.late:
            raise UploadTimeout(
                f"The body {self.late}: {came}. Send a smaller photo, or send it again over a"
                " faster connection."
            )
        if self.crowded:
            raise TooManyRequests(
                f"Too many bytes of uploads are in progress, and this one was not fast enough to"
                f" keep its place: {came}. Try again shortly."
            )


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
