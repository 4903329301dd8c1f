"""The metrics of all workers together, correct while workers come and go.

Every worker writes its numbers into files of its own, mapped into memory; the process that shows
the metrics adds them up. A worker's files are named after its *slot*, the lowest number that no
living worker has, not after its process id: a worker that takes over a slot continues the counts in
it, so no count is lost, and there are never more files than workers.
"""

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server, values
from prometheus_client.multiprocess import mark_process_dead

from serving.gateway.telemetry.metrics import FOLDER_VARIABLE, worker_registry

CLIENT_SECONDS = 10
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - made by the system for this.

log = logging.getLogger(__name__)


class WorkerMetrics:
    """The files of all workers, and the port that shows them. Lives in gunicorn's master.

    The port is the master's own: it answers while every worker is busy, and while they drain.

    Args:
        bind: its address; None for no port.
        models: returns the names of the models served now.

    Attributes:
        slot: of this worker; in the master, of the worker forked last.
    """

    def __init__(self, bind: str | None, models: Callable[[], Collection[str]]) -> None:
        self.slot = -1
        self._bind = bind
        self._models = models
        self._owner: int | None = None
        self._folder = ""
        self._slots: dict[Any, int] = {}
        self._server: WSGIServer | None = None

    def open(self) -> None:
        """Make the folder and open the port. Call it before any metric is made or process forked.

        Raises:
            OSError: the folder can't be made, or the port can't be opened.
        """
        self._owner = os.getpid()
        # In memory: no disk stalls a request.
        folder = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None
        self._folder = tempfile.mkdtemp(prefix=f"photolabel-metrics-{os.getpid()}-", dir=folder)
        os.environ[FOLDER_VARIABLE] = self._folder
        # The library has no types here.
        values.ValueClass = values.MultiProcessValue(lambda: self.slot)  # type: ignore[no-untyped-call]
        if self._bind:
            try:
                self._server = start_metrics_server(self._bind, worker_registry(self._models))
            except OSError:
                self.close()
                raise

    def close(self) -> None:
        """Remove the folder and close the port; in a worker, which runs this too, do nothing."""
        if self._owner != os.getpid():
            return
        if self._server:
            self._server.shutdown()
            self._server.server_close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pre_fork(self, arbiter: Any, worker: Any) -> None:
        """Give a worker its slot; gunicorn's hook in the master."""
        taken = set(self._slots.values())
        self.slot = next(slot for slot in range(len(taken) + 1) if slot not in taken)
        self._slots[worker] = self.slot

    def post_fork(self, arbiter: Any, worker: Any) -> None:
        """Leave the port to the master; gunicorn's hook in the worker."""
        if self._server:
            self._server.socket.close()

    def child_exit(self, arbiter: Any, worker: Any) -> int:
        """Free a dead worker's slot, forget what it had in flight, and return the slot."""
        slot = self._slots.pop(worker)
        mark_process_dead(slot, self._folder)  # type: ignore[no-untyped-call]
        return slot


def start_metrics_server(bind: str, registry: CollectorRegistry) -> WSGIServer:
    """Start a server that shows metrics at `/metrics`, and at no other path.

    Args:
        bind: address and port, such as `0.0.0.0:9090` or `[::]:9090`.
        registry: the metrics.

    Raises:
        OSError: the port can't be opened.
    """
    host, _, port = bind.rpartition(":")
    server, _ = start_http_server(int(port), host.strip("[]"), registry)
    server.set_app(_only_metrics(server.get_app()))
    # A client that sends nothing must not hold its thread forever.
    server.RequestHandlerClass.timeout = CLIENT_SECONDS  # type: ignore[attr-defined]
    log.info("Metrics at: http://%s:%d/metrics", host, server.server_port)
    return server


def _only_metrics(page: Any) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            response: Iterable[bytes] = page(environ, start_response)
            return response
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"The metrics are at /metrics.\n"]

    return app
