"""How a request arrived: the worker that read it passes this to the app, in the WSGI environ."""

import time
from dataclasses import dataclass, field

ARRIVAL = "photolabel.arrival"
"""The key in the WSGI environ; only our own worker sets it."""


@dataclass(frozen=True)
class Arrival:
    """A request's arrival.

    Attributes:
        began: when its first byte arrived, in seconds of the monotonic clock.
        late: its time budget was spent before its last byte arrived.
        crowded: the worker held too many bytes of uploads to keep more of its body.
    """

    began: float = field(default_factory=time.monotonic)
    late: bool = False
    crowded: bool = False
