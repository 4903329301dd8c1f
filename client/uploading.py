"""Uploads over slow connections: sending a body may take longer than connecting."""

import io
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError


class UploadAdapter(HTTPAdapter):
    """Sends bodies in pieces, each within the timeout.

    urllib3 sends a body of bytes at once, within the time for connecting: with 5 s for it, a photo
    of 8 MB would fail below 13 Mbit/s.

    Args:
        seconds: the timeout of each piece.
        options: those of `HTTPAdapter`.
    """

    def __init__(self, seconds: float, **options: Any) -> None:
        self._seconds = seconds
        super().__init__(**options)

    def send(
        self, request: requests.PreparedRequest, *rest: Any, **named: Any
    ) -> requests.Response:
        """Send a request."""
        if isinstance(request.body, bytes):
            pieces: Any = io.BytesIO(request.body)
            request.body = pieces  # urllib3 rewinds it for a retry.
        return super().send(request, *rest, **named)

    def get_connection_with_tls_context(self, *args: Any, **named: Any) -> Any:
        """Return the connections to a server or proxy."""
        pool: Any = super().get_connection_with_tls_context(*args, **named)
        if "_seconds_to_send" not in vars(pool.ConnectionCls):
            pool.ConnectionCls = _slow_to_send(pool.ConnectionCls, self._seconds)
        return pool


def sending_timed_out(error: Exception | None) -> bool:
    """Return whether a piece was not sent within the timeout."""
    return isinstance(error, ProtocolError) and isinstance(error.args[-1], TimeoutError)


def _slow_to_send(connection: Any, seconds: float) -> type:
    """Return a class of connections whose timeout, once they are open, is `seconds`."""

    class SlowToSend(connection):  # type: ignore[misc]  # Of HTTP, HTTPS or a SOCKS proxy.
        _seconds_to_send = seconds

        def connect(self) -> None:
            super().connect()
            self.sock.settimeout(self._seconds_to_send)

    return SlowToSend
