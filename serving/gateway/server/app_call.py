"""The call of the WSGI app for one request, with gunicorn's own means."""

from typing import Any

from gunicorn.config import Config
from gunicorn.http import wsgi

from serving.gateway.api.request_arrival import ARRIVAL
from serving.gateway.server.connection import Connection
from serving.gateway.server.incoming_request import IncomingRequest


class Outbox(bytearray):
    """Collects a response that gunicorn writes in pieces, so that it is sent in one."""

    sendall = bytearray.extend

    def gettimeout(self) -> float:
        """Return 0: nothing waits here. gunicorn asks."""
        return 0.0


def run_app(
    app: Any, config: Config, connection: Connection, request: IncomingRequest
) -> tuple[bytes, bool]:
    """Return the app's response, and whether the connection is kept after it."""
    outbox = Outbox()
    response, environ = wsgi.create(
        request.request, outbox, connection.client, connection.server, config
    )
    environ["wsgi.multithread"] = True
    environ[ARRIVAL] = request.arrival()
    pieces = app(environ, response.start_response)
    try:
        for piece in pieces:
            response.write(piece)
        response.close()
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    return bytes(outbox), not response.should_close()
