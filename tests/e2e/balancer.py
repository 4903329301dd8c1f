"""A tiny TCP load balancer that sends connections to ready gateways only."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

PROBE_SECONDS = 0.1
PROBE_TIMEOUT = 2.0


class Balancer:
    """Sends each new connection to the next ready gateway; open ones stay where they are.

    A Kubernetes Service and most TCP load balancers do the same.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._gateways: list[str] = []
        self._ready: list[str] = []
        self._turn = itertools.count()
        self._closed = threading.Event()
        for target in (self._accept, self._probe):
            threading.Thread(target=target, daemon=True).start()

    def add(self, url: str) -> None:
        self._gateways.append(url)

    def remove(self, url: str) -> None:
        self._gateways.remove(url)

    def routes_to(self, url: str) -> bool:
        return url in self._ready

    def close(self) -> None:
        self._closed.set()
        self._listener.close()

    def _probe(self) -> None:
        with httpx.Client(timeout=PROBE_TIMEOUT) as client:
            while not self._closed.wait(PROBE_SECONDS):
                self._ready = [url for url in list(self._gateways) if _is_ready(client, url)]

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        ready = self._ready
        if not ready:
            client.close()
            return
        gateway = httpx.URL(ready[next(self._turn) % len(ready)])
        with client, contextlib.suppress(OSError):
            server = socket.create_connection((gateway.host, gateway.port or 80))
            with server:
                back = threading.Thread(target=_pump, args=(server, client), daemon=True)
                back.start()
                _pump(client, server)
                back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Forward the data, then the end of the stream."""
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _is_ready(client: httpx.Client, url: str) -> bool:
    try:
        return client.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def balancer() -> Iterator[Balancer]:
    """Run a balancer without gateways."""
    running = Balancer()
    try:
        yield running
    finally:
        running.close()
