"""The port of the metrics: one path, any address, and no client that keeps others waiting."""

import contextlib
import errno
import socket
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from serving.gateway.telemetry.worker_metrics import start_metrics_server
from tests.e2e.processes import free_port


@contextlib.contextmanager
def running(host: str) -> Iterator[str]:
    registry = CollectorRegistry()
    Counter("photolabel_requests", "Requests answered.", registry=registry)
    bind = f"{host}:{free_port()}"
    server = start_metrics_server(bind, registry)
    try:
        yield bind
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_metrics_are_at_their_path_alone(host: str) -> None:
    with running(host) as bind:
        page = httpx.get(f"http://{bind}/metrics")
        assert page.headers["Content-Type"].startswith("text/plain")
        assert "photolabel_requests_total 0.0" in page.text
        assert httpx.get(f"http://{bind}/").status_code == 404


def test_silent_clients_do_not_block_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serving.gateway.telemetry.worker_metrics.CLIENT_SECONDS", 0.5)
    with running("127.0.0.1") as bind, contextlib.ExitStack() as stack:
        host, _, port = bind.rpartition(":")
        silent = [
            stack.enter_context(socket.create_connection((host, int(port)), 10)) for _ in range(20)
        ]
        assert httpx.get(f"http://{bind}/metrics").status_code == 200
        assert {each.recv(1) for each in silent} == {b""}, "they are closed after a while"


def test_a_port_in_use_is_an_os_error() -> None:
    with running("127.0.0.1") as bind, pytest.raises(OSError, match="in use") as caught:
        start_metrics_server(bind, CollectorRegistry())
    assert caught.value.errno == errno.EADDRINUSE
