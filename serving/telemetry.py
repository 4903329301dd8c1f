"""Request ids and one log line for each request."""

import logging
import re
import sys
import time
import uuid

from flask import Flask, Response, g, request

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger("photolabel.requests")


def configure_logging(level: str) -> None:
    """Log to standard error, one line an event."""
    form = "%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"
    logging.basicConfig(level=level, format=form, stream=sys.stderr)


def observe_requests(app: Flask) -> None:
    """Give every request of the app an id, in the answer's header, and a line in the log."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    g.begun = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    milliseconds = (time.perf_counter() - g.begun) * 1000
    level = logging.DEBUG if request.path in {"/livez", "/readyz"} else logging.INFO
    # The path is the caller's: as a repr it can't forge lines of the log.
    path = repr(request.path)[1:-1]
    log.log(
        level,
        "%s %s %d %.1f ms id=%s",
        request.method,
        path,
        response.status_code,
        milliseconds,
        g.request_id,
    )
    return response
