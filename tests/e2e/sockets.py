"""Requests that a test sends byte by byte over its own connections."""

import contextlib
import socket
from collections.abc import Iterator

import httpx

LIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
UPLOAD = b"POST /v1/models/clothing:classify HTTP/1.1\r\nHost: x\r\n"


@contextlib.contextmanager
def connected(url: httpx.URL, count: int) -> Iterator[list[socket.socket]]:
    """Open connections."""
    with contextlib.ExitStack() as stack:
        address = url.host, url.port or 80
        yield [
            stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(count)
        ]


def read_statuses(connection: socket.socket, count: int) -> list[int]:
    """Read the statuses of `count` responses, or fewer if the connection closes first."""
    received = b""
    statuses: list[int] = []
    while len(statuses) < count:
        head, separator, rest = received.partition(b"\r\n\r\n")
        length = 0
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        if separator and len(rest) >= length:
            statuses.append(int(head.split()[1]))
            received = rest[length:]
            continue
        try:
            piece = connection.recv(65536)
        except ConnectionResetError:
            break
        if not piece:
            break
        received += piece
    return statuses
