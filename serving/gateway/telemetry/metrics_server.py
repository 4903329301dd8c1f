"""A port of its own for the metrics, served by a thread of gunicorn's master."""

import logging
import socket
import threading
from collections.abc import Iterable
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

log = logging.getLogger(__name__)


class MetricsListener:
    """Shows metrics at `/metrics` of a port.

    Args:
        bind: address and port, such as `0.0.0.0:9090` or `[::]:9090`.
        page: the WSGI application that shows them.

    Raises:
        OSError: the port can't be opened.
    """

    def __init__(self, bind: str, page: Any) -> None:
        host, _, port = bind.rpartition(":")
        server_class = _ServerOverIp6 if host.startswith("[") else _Server
        self._server = server_class((host.strip("[]"), int(port)), _Handler)
        self._server.set_app(_only_metrics(page))
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()
        log.info("Metrics at: http://%s:%d/metrics", host, self._server.server_port)

    def close(self) -> None:
        """Answer what is asked and close the port."""
        self._server.shutdown()
        self._server.server_close()

    def leave(self) -> None:
        """Close a forked process's copy of the port."""
        self._server.socket.close()


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    block_on_close = False

    def server_bind(self) -> None:
        # HTTPServer's own asks DNS for this machine's name, which may take seconds.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]
        self.setup_environ()


class _ServerOverIp6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    timeout = 10  # Seconds: who sends nothing holds no thread for longer.

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name.
        log.debug(format, *args)


def _only_metrics(page: Any) -> Any:
    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/metrics":
            answer: Iterable[bytes] = page(environ, start_response)
            return answer
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"The metrics are at /metrics.\n"]

    return app
