"""What is told of every request: its id in the answer, its numbers in the metrics, a log line."""

import logging
import re
import secrets
from collections.abc import Collection

from flask import Flask, Response, g, request

from serving.gateway.api.request_arrival import ARRIVAL
from serving.gateway.telemetry.metrics import Metrics
from serving.gateway.telemetry.observation import Observation
from serving.gateway.telemetry.trace import Trace, Tracing, trace_context

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
UNKNOWN = "unknown"
OPTIONS = "options"

# Asked every few seconds by machines: not traced, not in flight, in the log only at DEBUG.
_QUIET = {"livez", "readyz", "metrics"}

log = logging.getLogger("photolabel.requests")


def show_metrics(app: Flask, metrics: Metrics) -> None:
    """Show the metrics at `/metrics` of the app."""
    page = metrics.page()
    app.add_url_rule("/metrics", "metrics", lambda: page)


class Telemetry:
    """Observes every request of an app.

    Args:
        models: the names of the models served; no other name becomes a label of a metric.
        metrics: where requests are counted.
        tracing: begins the traces of requests.
    """

    def __init__(self, models: Collection[str], metrics: Metrics, tracing: Tracing) -> None:
        self._models = frozenset(models)
        self._metrics = metrics
        self._begin_trace = tracing.begin

    def observe(self, app: Flask) -> None:
        """Observe every request of the app from now on; its handlers find `g.observation`."""
        app.before_request(self._begin)
        app.after_request(self._end)
        app.teardown_request(self._gone)

    def _begin(self) -> None:
        environ = request.environ  # Its headers, without looking for each in all of them.
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        traceparent, tracestate = environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE")
        context = trace_context(traceparent, tracestate or "") if traceparent else {}
        route = (request.endpoint or UNKNOWN).rpartition(".")[2]
        if request.method == "OPTIONS":
            route = OPTIONS  # It does nothing of what it asks about.
        quiet = route in _QUIET
        begin_trace = Trace if quiet else self._begin_trace
        g.request_id = request_id
        trace = begin_trace(route, {"x-request-id": request_id, **context})
        arrival = environ.get(ARRIVAL)
        g.observation = Observation(trace, arrival.began if arrival else None)
        if not quiet:
            self._metrics.in_flight.inc()
            g.in_flight = True

    def _end(self, response: Response) -> Response:
        observation: Observation = g.observation
        response.headers["X-Request-ID"] = observation.trace.metadata["x-request-id"]
        seconds, status = observation.elapsed(), response.status_code
        model = self._model()
        self._metrics.record(observation, observation.trace.route, model, status, seconds)
        observation.trace.end(model, observation.version, status)
        _log(observation, model, status, seconds * 1000)
        return response

    def _gone(self, error: BaseException | None) -> None:
        if g.pop("in_flight", False):
            self._metrics.in_flight.dec()

    def _model(self) -> str:
        name = (request.view_args or {}).get("name")
        if name is None:
            return ""
        return name if name in self._models else UNKNOWN


def _log(observation: Observation, model: str, status: int, milliseconds: float) -> None:
    trace = observation.trace
    level = logging.DEBUG if trace.route in _QUIET else logging.INFO
    if not log.isEnabledFor(level):
        return
    method, path = request.method, request.path
    fields = {
        "request_id": trace.metadata["x-request-id"],
        "method": method,
        "path": path,
        "route": trace.route,
        "model": model or None,
        "version": observation.version,
        "status": status,
        "milliseconds": round(milliseconds, 1),
        "photos": observation.photos,
        "bytes": request.content_length,
        "trace_id": trace.trace_id,
    }
    # The path is the caller's: no line break of it breaks the line.
    shown = repr(path)[1:-1]
    log.log(level, "%s %s %d %.1f ms", method, shown, status, milliseconds, extra=fields)
