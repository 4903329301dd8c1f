"""Many connections that send one byte of a photo per second, until standard input is closed.

Run by `load.py`: python -m benchmarks.serving.slow_senders HOST PORT PATH COUNT
"""

import contextlib
import select
import socket
import sys
import time

_BODY_BYTES = 29_000


def main(host: str, port: int, path: str, count: int) -> None:
    """Keep `count` slow uploads running; replace those that the server ends."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {_BODY_BYTES}\r\n\r\n".encode()
    connections: list[socket.socket | None] = [None] * count
    while not select.select([sys.stdin], [], [], 0)[0]:
        for index in range(count):
            connections[index] = _send_a_byte(connections[index], (host, port), head)
            time.sleep(1 / count)


def _send_a_byte(
    connection: socket.socket | None, address: tuple[str, int], head: bytes
) -> socket.socket | None:
    try:
        if connection is None:
            connection = socket.create_connection(address, timeout=1)
            connection.sendall(head)
            connection.setblocking(False)
        elif select.select([connection], [], [], 0)[
            0
        ]:  # A response, or the connection was closed: start over.
            connection.close()
            return None
        connection.send(b"\xff")
    except OSError:
        with contextlib.suppress(OSError):
            if connection is not None:
                connection.close()
        return None
    return connection


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
