"""Connections are spread evenly over the real workers."""

import contextlib
import socket
from pathlib import Path

import httpx
import psutil
import pytest

from tests.e2e.processes import gateway

pytestmark = pytest.mark.e2e

CONNECTIONS = 16
LIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


def test_keep_alive_connections_spread_over_the_workers(tmp_path: Path) -> None:
    with gateway("127.0.0.1:1", tmp_path / "log", workers="2") as (program, url):
        master = psutil.Process(program.process.pid)
        program.wait_for(lambda: len(master.children()) == 2, "both workers run")
        workers = master.children()
        address = httpx.URL(url).host, httpx.URL(url).port or 80
        with contextlib.ExitStack() as first:
            # The first worker answers before the other one has started.
            program.wait_for(
                lambda: _answered(first, address, 1) and min(_held(workers)) > 0,
                "both workers serve",
            )
        program.wait_for(lambda: max(_held(workers)) == 0, "no connection is left")
        with contextlib.ExitStack() as stack:
            assert _answered(stack, address, CONNECTIONS)
            held = _held(workers)
    assert min(held) >= CONNECTIONS // 4


def _answered(stack: contextlib.ExitStack, address: tuple[str, int], number: int) -> bool:
    """Open connections, which the stack closes, and return whether all get a response."""
    connections = [
        stack.enter_context(socket.create_connection(address, timeout=20)) for _ in range(number)
    ]
    for connection in connections:
        connection.sendall(LIVE)
    return all(each.recv(65536).startswith(b"HTTP/1.1 200") for each in connections)


def _held(workers: list[psutil.Process]) -> list[int]:
    """Return how many connections each worker holds."""
    return [
        sum(each.status == psutil.CONN_ESTABLISHED for each in worker.net_connections("tcp"))
        for worker in workers
    ]
