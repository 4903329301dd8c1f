"""One connection of a client: bytes arrive at any time, complete requests come out."""

import contextlib
import os
import socket
import threading
import time
from enum import Enum, auto
from typing import Any

from serving.gateway.server.incoming_request import PIECE_BYTES, IncomingRequest, RequestLimits

SEND_SECONDS = 10.0

# After a refused upload what still arrives is discarded for a while: closing at once could destroy
# the response on its way (RFC 9112, section 9.6).
LINGER_SECONDS = 2.0
LINGER_BYTES = 4_000_000

_NEVER = float("inf")
_HEAD_TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class _State(Enum):
    RECEIVING = auto()  # Waiting for a request, or for the rest of one.
    LINGERING = auto()  # Nothing more will be sent; what still arrives is discarded.
    ENDED = auto()  # To be closed.


class Connection:
    """A connection, to be used by the thread that holds its `lock`.

    Attributes:
        client, server: the addresses of both ends.
        end: until when it may idle, receive, send or linger, on the monotonic clock.
    """

    def __init__(
        self, connected: socket.socket, addresses: tuple[Any, Any], limits: RequestLimits
    ) -> None:
        self.lock = threading.Lock()
        self.client, self.server = addresses
        self.end: float = time.monotonic() + limits.config.keepalive
        self._socket = connected
        self._socket.setblocking(False)
        self._limits = limits
        self._requests = 0
        self._incoming: IncomingRequest | None = None
        self._state = self._state_when_sent = _State.RECEIVING
        self._discarded = 0
        self._unsent = b""

    @property
    def ended(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self._state is _State.ENDED

    @property
    def idle(self) -> bool:
        """Whether it only waits for a next request."""
        return not self._incoming and not self._unsent and self._state is not _State.LINGERING

    @property
    def blocked(self) -> bool:
        """Whether sent data is still buffered; nothing is read until it is gone."""
        return bool(self._unsent)

    def fileno(self) -> int:
        """Return the file descriptor of its socket; -1 once it is closed."""
        return self._socket.fileno()

    def overdue(self, now: float) -> bool:
        """Whether its time is over, or that of what it receives."""
        incoming = self._incoming
        if incoming is None or incoming.complete:
            return self.end <= now
        return incoming.dropped or min(self.end, incoming.end) <= now

    def stop_at(self, idle_end: float, receiving_end: float) -> None:
        """Wait for its next request, and for the rest of one, until these times at most."""
        incoming = self._incoming
        if self.idle:
            self.end = min(self.end, idle_end)
        elif incoming is not None:
            incoming.stop_at(receiving_end)

    def advance(self) -> None:
        """Send and receive what is possible now, without waiting, or let it expire.

        Raises:
            OSError: the connection is broken.
            Exception: one of gunicorn's, for a head that is not HTTP.
        """
        if self._unsent:
            self._flush()
            if self._unsent:
                if time.monotonic() >= self.end:
                    self._state = _State.ENDED
                return
        try:
            size = self._incoming.piece_bytes() if self._incoming else PIECE_BYTES
            data = os.read(self._socket.fileno(), size)
        except BlockingIOError:
            if self.overdue(time.monotonic()):
                self._expire()
            return
        if not data:
            self._state = _State.ENDED
        elif self._state is _State.LINGERING:
            self._discarded += len(data)
            if self._discarded >= max(LINGER_BYTES, self._limits.max_body_bytes):
                self._state = _State.ENDED
        else:
            self._take(data)
            # What has arrived already is never late, even if this worker was busy.
            if self._receiving and len(data) < size and self.overdue(time.monotonic()):
                self._expire()

    @property
    def _receiving(self) -> bool:
        return self._incoming is not None and not self._incoming.ready() and not self._unsent

    def _take(self, data: bytes) -> None:
        if self._incoming is None:
            data = data.lstrip(b"\r\n")  # Some clients send an extra line break after a body.
            if not data:
                return
            self._requests += 1
            self._incoming = IncomingRequest(self._limits, self.client, self._requests)
        self._incoming.take(data)
        if not self._unsent:
            self.end = self._incoming.end
        if self._incoming.awaits_continue():
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _expire(self) -> None:
        if self._incoming and self._incoming.request:
            self._incoming.expire()
            return
        self._state = _State.ENDED
        if self._incoming:
            self.send(_HEAD_TIMEOUT)

    def request(self) -> IncomingRequest | None:
        """Return the next request if it is complete, or can no longer become complete."""
        incoming = self._incoming
        if incoming is None or incoming.request is None or self._unsent:
            return None
        if incoming.ready() or self.ended:
            self.end = _NEVER
            return incoming
        return None

    def send(self, response: bytes) -> None:
        """Send a response, or as much of it as the client takes at once; the rest later.

        Raises:
            OSError: the client is gone.
        """
        self._unsent += response
        self._state_when_sent = _State.RECEIVING
        self._flush()

    def _flush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._unsent = self._unsent[os.write(self._socket.fileno(), self._unsent) :]
        if not self._unsent:
            self._enter(self._state_when_sent)

    def answered(self, request: IncomingRequest, *, keep: bool) -> None:
        """Continue with the next request, which may have arrived already, or end the connection."""
        if not request.complete:
            self.linger()
            return
        rest = request.rest() if keep else b""
        self._forget_request()
        self._enter_when_sent(_State.RECEIVING if keep else _State.ENDED)
        if rest:
            self._take(rest)

    def linger(self) -> None:
        """Send nothing more; discard what still arrives for a while."""
        self._forget_request()
        self._enter_when_sent(_State.LINGERING)

    def _enter_when_sent(self, state: _State) -> None:
        """Enter a state once the client has taken the response."""
        if self._unsent:
            self._state_when_sent = state
            self.end = time.monotonic() + SEND_SECONDS
        else:
            self._enter(state)

    def _enter(self, state: _State) -> None:
        if not self.ended:
            self._state = state
        if state is _State.LINGERING:
            self.end = time.monotonic() + LINGER_SECONDS
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
        elif state is _State.RECEIVING and self._incoming:
            self.end = _NEVER if self._incoming.complete else self._incoming.end
        elif state is _State.RECEIVING:
            self.end = time.monotonic() + self._limits.config.keepalive

    def abandon(self) -> None:
        """End it: the client is gone."""
        self._state = _State.ENDED

    def close(self) -> None:
        """Close it."""
        self._forget_request()
        with contextlib.suppress(OSError):
            self._socket.close()

    def _forget_request(self) -> None:
        if self._incoming:
            self._incoming.release()
        self._incoming = None
