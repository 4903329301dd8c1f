"""Keeps several requests in flight, repeats those that fail, waits for a server that is away."""

import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from ..errors import PhotolabelError, Refused
from .concurrency import Concurrency
from .errors import Interrupted, ServerAway
from .files import Batch
from .journal import Row
from .sending import Sent

_BUSY = (429, 503)
_MAX_WAIT = 30.0  # seconds
_OUTAGE = 5.0  # seconds without an answer after which it is said
_ATTEMPTS = 10


class Dispatcher:
    """Sends batches with as many requests at once as the server answers well."""

    def __init__(
        self,
        send: Callable[[Batch], Sent],
        finished: Callable[[list[Row]], None],
        said: Callable[[str], None],
        in_flight: int,
        give_up: float,
    ) -> None:
        self._send, self._finished, self._said = send, finished, said
        self._give_up = give_up
        self._most = in_flight
        self._concurrency = Concurrency(in_flight)
        self._again: deque[Batch] = deque()
        self._successes = 0
        self._failures = 0  # Since the last success.
        self._last_success = time.monotonic()
        self._not_before = 0.0
        self._said_away = False

    def run(self, pending: Iterator[Batch]) -> None:
        """Send all batches.

        Raises:
            ServerAway: no request succeeded for too long.
            Interrupted: Ctrl-C; what was answered is recorded.
            PhotolabelError: the server refuses requests for good.
        """
        pool = ThreadPoolExecutor(self._most, "bulk")
        flying: set[Future[Sent]] = set()
        try:
            while True:
                now = time.monotonic()
                while now >= self._not_before and len(flying) < self._allowed():
                    batch = self._again.popleft() if self._again else next(pending, None)
                    if batch is None:
                        break
                    batch.seen = self._successes
                    flying.add(pool.submit(self._send, batch))
                if flying:
                    done, flying = wait(flying, 0.2, FIRST_COMPLETED)
                    for future in done:
                        self._handle(future.result())
                elif now < self._not_before:
                    time.sleep(min(0.2, self._not_before - now))
                elif not self._again:
                    return
        except KeyboardInterrupt:
            raise Interrupted("interrupted: the same command resumes") from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def _allowed(self) -> int:
        # While the server is away, one request at a time finds out when it is back.
        return 1 if self._said_away else self._concurrency.limit

    def _handle(self, sent: Sent) -> None:
        if sent.error is not None:
            self._failed(sent.batch, sent.error)
            return
        self._successes += 1
        self._failures = 0
        self._last_success = time.monotonic()
        self._concurrency.succeeded(sent.seconds)
        if self._said_away:
            self._said("the server answers again")
            self._said_away = False
        self._finished(sent.rows)

    def _failed(self, batch: Batch, error: PhotolabelError) -> None:
        status = error.status if isinstance(error, Refused) else None
        if status is not None and status < 500 and status not in (408, 429):
            raise error
        self._again.append(batch)
        self._failures += 1
        self._concurrency.busy()
        if status not in _BUSY and self._successes > batch.seen:
            self._isolate(batch, error)
        self._wait(error)

    def _isolate(self, batch: Batch, error: PhotolabelError) -> None:
        """Find the photo on which the server fails while it answers others."""
        batch.failures += 1
        if len(batch.images) > 1 and batch.failures >= 3:
            self._again.pop()
            self._again.extend(batch.halves())
        elif batch.failures >= _ATTEMPTS:
            self._again.pop()
            self._finished([{"image": image, "error": str(error)} for image in batch.images])

    def _wait(self, error: PhotolabelError) -> None:
        now = time.monotonic()
        away = now - self._last_success
        asked = error.retry_after if isinstance(error, Refused) else None
        # A single failure among successes should not hold up the others.
        backoff = min(_MAX_WAIT, 0.05 * 2 ** min(self._failures, 12)) * random.uniform(0.5, 1)  # noqa: S311
        seconds = backoff if self._failures < 3 else max(backoff, min(asked or 0, _MAX_WAIT))
        self._not_before = max(self._not_before, now + seconds)
        if away > self._give_up:
            message = f"no answer for {away:.0f} s ({error}): the same command resumes"
            raise ServerAway(message)
        if away > _OUTAGE and not self._said_away:
            self._said_away = True
            self._said(f"waiting for the server: {error}")
