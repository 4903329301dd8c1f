"""Telemetry of every request: its id in the response, metrics, a trace, a log line."""

import logging
import re
import secrets
import time
from collections.abc import Callable, Collection

from flask import Flask, Response, g, request

from serving.gateway.api.request_arrival import ARRIVAL
from serving.gateway.api.routing import Described, Route
from serving.gateway.telemetry.metrics import UNKNOWN, Metrics, WsgiApp
from serving.gateway.telemetry.observation import Observation
from serving.gateway.telemetry.tracing import Trace, Tracing, trace_context

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
OPTIONS = "options"

# Polled every few seconds: not traced, not counted as in flight, logged only at DEBUG.
_QUIET = {"livez", "readyz", "metrics"}

log = logging.getLogger("photolabel.requests")


class MetricsPage:
    """The handler of the metrics, of which those of models no longer served are left out."""

    def __init__(self, metrics: Metrics, models: Callable[[], Collection[str]]) -> None:
        self._page = metrics.page(models)

    @Route(
        ("/metrics",),
        group="Service",
        responses={
            200: Described("Metrics.", media_types=("text/plain", "application/openmetrics-text"))
        },
    )
    def metrics(self) -> WsgiApp:
        """Get the metrics.

        For Prometheus; in OpenMetrics format if `Accept` asks for it.
        """
        return self._page


class Telemetry:
    """Observes every request of an app.

    Args:
        models: returns the names of the models served now; no other becomes a label of a metric.
        metrics: count the requests.
        tracing: begins the traces of requests.
    """

    def __init__(
        self, models: Callable[[], Collection[str]], metrics: Metrics, tracing: Tracing
    ) -> None:
        self._models = models
        self._metrics = metrics
        self._begin_trace = tracing.begin

    def observe(self, app: Flask) -> None:
        """Observe every request of the app; handlers find its observation in `g.observation`."""
        app.before_request(self._begin)
        app.after_request(self._end)
        app.teardown_request(self._teardown)

    def _begin(self) -> None:
        environ = request.environ  # Faster than `request.headers`.
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(16)
        traceparent, tracestate = environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE")
        context = trace_context(traceparent, tracestate or "") if traceparent else {}
        name = request.endpoint or UNKNOWN
        if request.method == "OPTIONS":
            name = OPTIONS  # It never runs the path's handler.
        quiet = name in _QUIET
        begin_trace = Trace if quiet else self._begin_trace
        g.request_id = request_id
        trace = begin_trace(name, {"x-request-id": request_id, **context})
        arrival = environ.get(ARRIVAL)
        g.observation = Observation(trace, *((arrival.began, arrival.ended) if arrival else ()))
        if not quiet:
            self._metrics.in_flight.inc()
            g.in_flight = True

    def _end(self, response: Response) -> Response:
        observation: Observation = g.observation
        response.headers["X-Request-ID"] = observation.trace.metadata["x-request-id"]
        seconds, status = time.monotonic() - observation.ended, response.status_code
        model = self._model()
        self._metrics.record(observation, observation.trace.route, model, status, seconds)
        observation.trace.end(model, observation.version, status)
        _log(observation, model, status, seconds * 1000)
        return response

    def _teardown(self, error: BaseException | None) -> None:
        if g.pop("in_flight", False):
            self._metrics.in_flight.dec()

    def _model(self) -> str:
        name = (request.view_args or {}).get("name")
        if name is None:
            return ""
        return name if name in self._models() else UNKNOWN


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
    # The client chose the path: a line break in it must not break the line.
    shown = repr(path)[1:-1]
    log.log(level, "%s %s %d %.1f ms", method, shown, status, milliseconds, extra=fields)
