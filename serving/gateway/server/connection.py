"""One connection of a client: its bytes come in whenever they do, its requests come out whole."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from serving.gateway.api.request_arrival import Arrival
from serving.gateway.server.incoming_request import (
    PIECE_BYTES,
    IncomingRequest,
    ParsedRequest,
    RequestLimits,
)

SEND_SECONDS = 10.0

# After a refused upload what still comes is thrown away for a while: closing at once would destroy
# the answer on its way (RFC 9112, section 9.6).
LINGER_SECONDS = 2.0
LINGER_BYTES = 4_000_000

_NEVER = float("inf")
_HEAD_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Connection:
    """A connection. Whoever works on it holds its `lock`.

    Attributes:
        lock: held by the thread that works on it.
        client, server: the addresses of both ends.
        end: until when it may idle, send its request, take its answer or linger; on the monotonic
            clock.
        open: there is something to wait for.
    """

    def __init__(
        self, connected: socket.socket, addresses: tuple[Any, Any], limits: RequestLimits
    ) -> None:
        self.lock = threading.Lock()
        self.client, self.server = addresses
        self.open = True
        self._socket = connected
        self._socket.setblocking(False)
        self._limits = limits
        self._requests = 0
        self._incoming: IncomingRequest | None = None
        self._late = False
        self._lingered = -1
        self._unsent = b""
        self._then: Callable[[], None] = self._await_next
        self.end = time.monotonic() + limits.config.keepalive

    @property
    def idle(self) -> bool:
        """Whether it only waits for a next request."""
        return self._incoming is None and not self._unsent and self._lingered < 0

    @property
    def blocked(self) -> bool:
        """Whether the client has yet to take what is sent; until then nothing is read."""
        return bool(self._unsent)

    def fileno(self) -> int:
        """Return the file descriptor of its socket; -1 once it is closed."""
        return self._socket.fileno()

    def go_on(self) -> None:
        """Send and take what is possible now, without waiting, or find that it is too late.

        Raises:
            OSError: the connection is broken.
            Exception: one of gunicorn's, for a head that is no HTTP.
        """
        if self._unsent:
            self._flush()
            if self._unsent:
                self.open = time.monotonic() < self.end
                return
        try:
            size = self._incoming.piece_bytes() if self._incoming else PIECE_BYTES
            data = os.read(self._socket.fileno(), size)
        except BlockingIOError:
            if time.monotonic() >= self.end:
                self._expire()
            return
        if not data:
            self.open = False
        elif self._lingered >= 0:
            self._lingered += len(data)
            self.open = self._lingered < max(LINGER_BYTES, self._limits.max_body_bytes)
        else:
            self._take(data)

    def _take(self, data: bytes) -> None:
        if self._incoming is None:
            data = data.lstrip(b"\r\n")  # Some clients end a body with a line break too many.
            if not data:
                return
            self._requests += 1
            self._incoming = IncomingRequest(self._limits, self.client, self._requests)
        self._incoming.take(data)
        if not self._unsent:
            self.end = self._incoming.end
        parsed = self._incoming.parsed
        if parsed and parsed.awaits_invitation() and not self._incoming.ready():
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _expire(self) -> None:
        """End its patience: a request that has begun is late, else there is nothing to wait for."""
        self._late = self._incoming is not None
        if self._incoming is None or not self._incoming.parsed:
            self.open = False
            if self._incoming:
                self.send(_HEAD_TIMEOUT)

    def request(self) -> ParsedRequest | None:
        """Return the next request if it is whole, or never will be."""
        incoming = self._incoming
        if incoming is None or incoming.parsed is None or self._unsent:
            return None
        if incoming.ready() or self._late or not self.open:
            self.end = _NEVER
            return incoming.parsed
        return None

    def arrival(self) -> Arrival:
        """Return how the request that is here arrived."""
        incoming = self._incoming
        return Arrival(incoming.began, self._late, incoming.crowded) if incoming else Arrival()

    def send(self, answer: bytes) -> None:
        """Send an answer, or as much of it as the client takes at once; the rest by and by.

        Raises:
            OSError: the client is gone.
        """
        self._unsent += answer
        self._then = self._await_next
        self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._unsent = self._unsent[os.write(self._socket.fileno(), self._unsent) :]
        if not self._unsent:
            self._then()

    def answered(self, parsed: ParsedRequest, *, keep: bool) -> None:
        """Go over to the next request, which may have come already, or end the connection."""
        if not parsed.whole:
            self.linger()
            return
        rest = parsed.rest() if keep else b""
        self._forget_request()
        self._when_sent(self._await_next if keep else self._end)
        if rest:
            self._take(rest)

    def linger(self) -> None:
        """Say that nothing more will be sent; what still comes is thrown away for a while."""
        self._forget_request()
        self._when_sent(self._end_sending)

    def _when_sent(self, step: Callable[[], None]) -> None:
        """Take a step once the client has taken the answer."""
        if self._unsent:
            self._then = step
            self.end = time.monotonic() + SEND_SECONDS
        else:
            step()

    def _await_next(self) -> None:
        if self._incoming is None:
            self.end = time.monotonic() + self._limits.config.keepalive
        else:
            self.end = self._incoming.end

    def _end(self) -> None:
        self.open = False

    def _end_sending(self) -> None:
        self._lingered = 0
        self.end = time.monotonic() + LINGER_SECONDS
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close it."""
        self._forget_request()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _forget_request(self) -> None:
        if self._incoming:
            self._incoming.release()
        self._incoming = None
        self._late = False
