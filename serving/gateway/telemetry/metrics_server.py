"""A port of its own for the metrics, served by threads of gunicorn's master."""

import logging
from collections.abc import Iterable
from typing import Any
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, start_http_server

log = logging.getLogger(__name__)

CLIENT_SECONDS = 10


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
