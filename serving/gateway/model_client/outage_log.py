"""Tells the log why the model server does not answer: not for every call, and when it is over."""

import logging
import re
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

QUIET_SECONDS = 10.0

_CUT_OFF = "Socket closed|Connection reset|Broken pipe"
# What gRPC's account of a failure holds where the two sides differ in TLS, whether we speak it, and
# what that means.
_HINTS = (
    ("WRONG_VERSION_NUMBER", True, "it seems to speak plaintext, and this gateway TLS"),
    ("CERTIFICATE_VERIFY_FAILED", True, "its certificate is not one to trust"),
    ("Hostname Verification", True, "its certificate is for another name"),
    (_CUT_OFF, True, "unless it is stopping, it may want a certificate of this gateway's"),
    (_CUT_OFF, False, "unless it is stopping, it may speak TLS, and this gateway plaintext"),
)


class Outages:
    """Logs the cause of failed calls, one line each `QUIET_SECONDS` at most, and their end."""

    def __init__(
        self, address: str, tls: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._address = address
        self._tls = tls
        self._clock = clock
        self._lock = threading.Lock()
        self._told_at: float | None = None  # None: there is no outage.

    def failed(self, cause: str) -> None:
        """Take note of a call that found nobody; `cause` is gRPC's own account."""
        with self._lock:
            now = self._clock()
            if self._told_at is not None and now - self._told_at < QUIET_SECONDS:
                return
            self._told_at = now
        hints = [hint for part, tls, hint in _HINTS if tls == self._tls and re.search(part, cause)]
        told = "; ".join([cause, *hints])
        log.warning("The model server at %s does not answer: %s", self._address, told)

    def answered(self) -> None:
        """Take note of a call that was answered."""
        if self._told_at is None:
            return
        with self._lock:
            over, self._told_at = self._told_at is not None, None
        if over:
            log.info("The model server at %s answers again", self._address)
