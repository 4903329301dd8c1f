"""Many connections that each send a byte of a photo a second, until standard input is closed.

Run by `load.py`: python -m benchmarks.serving.slow_senders HOST PORT PATH COUNT
"""

import contextlib
import select
import socket
import sys
import time

_BODY_BYTES = 29_000


def main(host: str, port: int, path: str, count: int) -> None:
    """Keep `count` uploads crawling; one that the server ends begins anew."""
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {_BODY_BYTES}\r\n\r\n".encode()
    connections: list[socket.socket | None] = [None] * count
    while not select.select([sys.stdin], [], [], 0)[0]:
        for place in range(count):
            connections[place] = _send_a_byte(connections[place], (host, port), head)
            time.sleep(1 / count)


def _send_a_byte(
    connection: socket.socket | None, address: tuple[str, int], head: bytes
) -> socket.socket | None:
    try:
        if connection is None:
            connection = socket.create_connection(address, timeout=1)
            connection.sendall(head)
            connection.setblocking(False)
        elif select.select([connection], [], [], 0)[0]:  # An answer, or the end: once more.
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
