"""The time budget of one request."""

import time

from serving.errors import BudgetSpent


class Deadline:
    """A point in time, `seconds` from now, by which a request has to be answered."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
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
