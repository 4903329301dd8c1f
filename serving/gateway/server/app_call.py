"""The call of the WSGI app for one request, with gunicorn's own means, and which have to wait."""

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from gunicorn.config import Config
from gunicorn.http import wsgi

from serving.gateway.api.api_keys import read_key
from serving.gateway.api.request_arrival import ARRIVAL
from serving.gateway.server.connection import Connection
from serving.gateway.server.incoming_request import IncomingRequest

MODEL_PAGES = "/models/"  # They ask the model server, as all paths of the API do.


class Outbox(bytearray):
    """Collects a response that gunicorn writes in pieces, so that it is sent in one."""

    sendall = bytearray.extend

    def gettimeout(self) -> float:
        """Return 0: nothing waits here. gunicorn asks."""
        return 0.0


def takes_a_turn(request: IncomingRequest) -> bool:
    """Return whether a request is work: not a probe, a file of a page, or an error already."""
    return (
        request.complete
        and not request.late
        and not request.crowded
        and request.request.method != "OPTIONS"
        and (request.wants_body or flask_path(request.request.path).startswith(MODEL_PAGES))
    )


def turn_key(request: IncomingRequest) -> str:
    """Return a request's API key."""
    return read_key(dict(request.request.headers).get("AUTHORIZATION"))


def flask_path(path: str) -> str:
    """Return a path of a request's head as Flask reads it."""
    return f"/{unquote(path).lstrip('/')}"


def run_app(
    app: Any,
    config: Config,
    connection: Connection,
    request: IncomingRequest,
    stopping: Callable[[], bool],
) -> tuple[bytes, bool]:
    """Return the app's response, and whether the connection is kept after it."""
    outbox = Outbox()
    response, environ = wsgi.create(
        request.request, outbox, connection.client, connection.server, config
    )
    environ["wsgi.multithread"] = True
    environ[ARRIVAL] = request.arrival()
    pieces = app(environ, response.start_response)
    # Asked only now: the gateway may have begun to stop meanwhile.
    if not request.complete or stopping():
        request.request.force_close()
    try:
        for piece in pieces:
            response.write(piece)
        response.close()
    finally:
        if hasattr(pieces, "close"):
            pieces.close()
    return bytes(outbox), not response.should_close()
