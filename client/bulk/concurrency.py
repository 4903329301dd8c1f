"""How many requests are in flight: additive increase, multiplicative decrease."""

MAX_IN_FLIGHT = 16
_START = 4
_SLOWDOWN = 3.0


class Concurrency:
    """Grows by one request per round of successes, and halves when the server is busy.

    It stops growing where requests only wait: when they take three times as long as the
    fastest did.
    """

    def __init__(self, limit: int = MAX_IN_FLIGHT) -> None:
        self._most = limit
        self._limit = float(min(_START, limit))
        self._fastest = float("inf")
        self._typical = 0.0

    @property
    def limit(self) -> int:
        """The number of requests that may be in flight."""
        return int(self._limit)

    def succeeded(self, seconds: float) -> None:
        """Note the seconds that a full request took."""
        self._fastest = min(self._fastest, seconds)
        self._typical = 0.9 * self._typical + 0.1 * seconds if self._typical else seconds
        if self._typical > _SLOWDOWN * self._fastest:
            self._limit = max(2.0, self._limit - 1 / self._limit)
        else:
            self._limit = min(float(self._most), self._limit + 1 / self._limit)

    def busy(self) -> None:
        """Note that the server refused a request or did not answer."""
        self._limit = max(1.0, self._limit / 2)
