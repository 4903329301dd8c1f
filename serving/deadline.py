"""The deadline of one request, and what goes with every call that is made under it."""

import math
import re
import time

from serving.http_errors import DeadlineExceeded

TIMEOUT_HEADER = "X-Request-Timeout"

_SECONDS = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


def read_timeout(text: str | None) -> float | None:
    """Return the seconds that a request's header asks for; infinity if there is no header.

    None: the header is not a number of seconds.
    """
    if text is None:
        return math.inf
    if not _SECONDS.fullmatch(text) or float(text) == 0:
        return None
    return float(text)


class Deadline:
    """The time by which a request has to be answered.

    Args:
        seconds: the request's time budget.
        metadata: goes with every call to the model server: the request's id, its trace context.
        began: when the budget began, on the monotonic clock; None: now.
    """

    def __init__(
        self, seconds: float, metadata: dict[str, str] | None = None, began: float | None = None
    ) -> None:
        self.seconds = seconds
        self.metadata = {} if metadata is None else metadata
        self._end = (time.monotonic() if began is None else began) + seconds

    @classmethod
    def of_request(
        cls, budget: float, asked: float, began: float, ended: float, metadata: dict[str, str]
    ) -> "Deadline":
        """Return the deadline of a request that has arrived.

        Args:
            budget: the service's time budget, in seconds from its last byte.
            asked: the seconds that its header gives, as the client counts: from its first byte.
            began: when its first byte came, on the monotonic clock.
            ended: when its last byte came.
            metadata: goes with every call to the model server.
        """
        if began + asked < ended + budget:
            return cls(asked, metadata, began)
        return cls(budget, metadata, ended)

    def remaining(self) -> float:
        """Return the seconds that are left.

        Raises:
            DeadlineExceeded: none are left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise DeadlineExceeded(f"The request took longer than {self.seconds:g} s. Try again.")
        return left
