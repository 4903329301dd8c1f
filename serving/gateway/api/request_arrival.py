"""How a request arrived: the worker that read it passes this to the app, in the WSGI environ."""

import time
from dataclasses import dataclass, field

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
    """

    began: float = field(default_factory=time.monotonic)
    ended: float = field(default_factory=time.monotonic)
    late: str | None = None
    crowded: bool = False
    received: int = 0

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
