"""Connections are spread evenly over the real workers."""

import contextlib
import socket
from pathlib import Path

import httpx
import psutil
import pytest

from serving.gateway.server.gunicorn_app import SPARE_THREADS
from tests.e2e.processes import gateway

pytestmark = pytest.mark.e2e

CONNECTIONS = 16
LIVE = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


def test_keep_alive_connections_spread_over_the_workers(tmp_path: Path) -> None:
    with (
        gateway("127.0.0.1:1", tmp_path / "log", workers="2") as (program, url),
        contextlib.ExitStack() as stack,
    ):
        master = psutil.Process(program.process.pid)
        # The first worker answers before the other one has started.
        program.wait_for(lambda: _serving(master) == 2, "both workers serve")
        workers = master.children()
        address = httpx.URL(url).host, httpx.URL(url).port or 80
        connections = [
            stack.enter_context(socket.create_connection(address, timeout=20))
            for _ in range(CONNECTIONS)
        ]
        for connection in connections:
            connection.sendall(LIVE)
        for connection in connections:
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
        held = [
            sum(each.status == psutil.CONN_ESTABLISHED for each in worker.net_connections("tcp"))
            for worker in workers
        ]
    assert min(held) >= CONNECTIONS // 4


def _serving(master: psutil.Process) -> int:
    return sum(worker.num_threads() > SPARE_THREADS for worker in master.children())
