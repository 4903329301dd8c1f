"""Fails fast while the model server does not answer, and logs why.

Michael Nygard, Release It!, 2007, "Circuit Breaker". Our own, because the libraries for it either
hold a lock during every call or are made for asyncio.
"""

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc

from serving.http_errors import DeadlineExceeded, ModelServerUnavailable

log = logging.getLogger(__name__)

FAILURES_TO_OPEN = 5
PROBE_SECONDS = 0.5
SLOW_SECONDS = 2.0
QUIET_SECONDS = 10.0

_CUT_OFF = "Socket closed|Connection reset|Broken pipe"
# What gRPC's message contains if the two sides differ in TLS, whether this side uses it, and what
# that means.
_HINTS = (
    ("WRONG_VERSION_NUMBER", True, "it seems to speak plaintext, and this gateway TLS"),
    ("CERTIFICATE_VERIFY_FAILED", True, "its certificate is not trusted"),
    ("Hostname Verification", True, "its certificate is for another name"),
    (_CUT_OFF, True, "unless it is stopping, it may want a certificate of this gateway's"),
    (_CUT_OFF, False, "unless it is stopping, it may speak TLS, and this gateway plaintext"),
)


class CircuitBreaker:
    """Counts failures in a row; from the fifth on, lets only two calls a second through as probes.

    A failure is a call that did not reach the model server, or took `SLOW_SECONDS` without an
    answer: without the breaker each such call would hold its permit, and its client, until the
    deadline. A shorter deadline that passes says nothing about the server.

    The log has the cause of failures, at most a line each `QUIET_SECONDS`, and their end.

    Args:
        address: of the model server, for the log.
        tls: whether the channel uses TLS.
        clock: returns the time in seconds.
    """

    def __init__(
        self, address: str, tls: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = address
        self._tls = tls
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe = 0.0
        self._logged_at: float | None = None  # None: no failure has been logged since an answer.

    @contextmanager
    def guarding(self) -> Iterator[None]:
        """Guard one call to the model server.

        Raises:
            ModelServerUnavailable: calls have failed, and it is not yet time for the next probe.
        """
        if self._failures >= FAILURES_TO_OPEN:
            with self._lock:
                self.check()
                self._next_probe = self._clock() + PROBE_SECONDS
        begun = self._clock()
        try:
            yield
        except ModelServerUnavailable as error:
            self._failed()
            self._log(error)
            raise
        except DeadlineExceeded:
            if self._clock() - begun >= SLOW_SECONDS:
                self._failed()
            raise
        except Exception:
            self._answered()  # Any other error is an answer.
            raise
        else:
            self._answered()

    def check(self) -> None:
        """Raise `ModelServerUnavailable` if a call would be refused now."""
        if self._failures >= FAILURES_TO_OPEN and self._clock() < self._next_probe:
            raise ModelServerUnavailable(
                "The model server has not answered for a while. Try again shortly."
            )

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures == FAILURES_TO_OPEN:
                self._next_probe = self._clock() + PROBE_SECONDS

    def _answered(self) -> None:
        if not self._failures:
            return
        with self._lock:
            self._failures = 0
            was_logged, self._logged_at = self._logged_at is not None, None
        if was_logged:
            log.info("The model server at %s answers again", self._address)

    def _log(self, error: ModelServerUnavailable) -> None:
        with self._lock:
            now = self._clock()
            if self._logged_at is not None and now - self._logged_at < QUIET_SECONDS:
                return
            self._logged_at = now
        cause = error.__cause__
        message = str(cause.details()) if isinstance(cause, grpc.RpcError) else str(error)
        hints = [
            hint for part, tls, hint in _HINTS if tls == self._tls and re.search(part, message)
        ]
        reasons = "; ".join([message, *hints])
        log.warning("The model server at %s does not answer: %s", self._address, reasons)
