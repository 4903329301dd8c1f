"""How a request arrived: what the worker that read it tells the app, in the WSGI environment."""

import time
from dataclasses import dataclass, field

ARRIVAL = "photolabel.arrival"
"""The key in the environment. A server that reads bodies while the app runs sets none."""


@dataclass(frozen=True)
class Arrival:
    """A request's arrival.

    Attributes:
        began: when its first byte came, on the monotonic clock, seconds.
        late: its time budget was spent before its last byte came.
        crowded: there was no room to keep more of its body.
    """

    began: float = field(default_factory=time.monotonic)
    late: bool = False
    crowded: bool = False
