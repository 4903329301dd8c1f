"""The time budget of one request, and what goes with every call that is made under it."""

import time

from serving.errors import BudgetSpent


class Deadline:
    """A point in time, `seconds` from now, by which a request has to be answered.

    `metadata` goes with every call to the model server: the request's id, its trace context.
    """

    def __init__(self, seconds: float, metadata: dict[str, str] | None = None) -> None:
        self.seconds = seconds
        self.metadata = {} if metadata is None else metadata
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left.

        Raises:
            BudgetSpent: none are left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise BudgetSpent(f"The request took longer than its {self.seconds:g} s. Try again.")
        return left
