"""A connection whose bytes a test sends, and whose time a test lets pass."""

import socket
import time

from gunicorn.config import Config

from serving.gateway.server.connection import Connection
from serving.gateway.server.incoming_request import RequestLimits
from serving.gateway.server.upload import TimeLimits
from serving.gateway.server.upload_memory import UploadMemory

REQUEST = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_complete_request_is_not_late_while_the_client_reads_the_response_before() -> None:
    ours, client = socket.socketpair()
    time_limits = TimeLimits(5.0, 0.01, 0)  # Requests have to arrive within 0.01 s.
    limits = RequestLimits(Config(), time_limits, 1000, UploadMemory(10_000), lambda head: True)
    with ours, client:
        connection = Connection(ours, (("127.0.0.1", 1), ("127.0.0.1", 2)), limits)
        client.sendall(REQUEST * 2)
        connection.advance()
        first = connection.request()
        assert first
        connection.send(b"x" * 5_000_000)
        connection.answered(first, keep=True)
        assert connection.blocked
        time.sleep(0.02)
        client.setblocking(False)
        while connection.blocked:
            client.recv(5_000_000)
            connection.advance()
        second = connection.request()
        assert second
        assert second.late is None
