"""The trace of one request: its context goes with every call (W3C Trace Context).

Spans are recorded, by `spans.py`, only if OpenTelemetry's variables name an exporter.
"""

import logging
import os
from contextlib import AbstractContextManager, nullcontext

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

PROPAGATOR = TraceContextTextMapPropagator()
MAX_TRACESTATE = 512  # Characters; all metadata of a gRPC call has to fit into 8 KB.

# A warning for every malformed header would let clients flood the log.
logging.getLogger("opentelemetry.trace.span").setLevel(logging.ERROR)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_NOTHING = nullcontext()


def trace_context(traceparent: str, tracestate: str = "") -> dict[str, str]:
    """Return the trace context of two headers, as gRPC metadata; empty if it is invalid.

    A `traceparent` of a later version is passed on as version 00, as the standard says.
    """
    if not traceparent.isprintable():  # The library ignores a line break at its end.
        return {}
    headers = {"traceparent": traceparent}
    if len(tracestate) <= MAX_TRACESTATE:
        headers["tracestate"] = tracestate
    context: dict[str, str] = {}
    PROPAGATOR.inject(context, PROPAGATOR.extract(headers))
    return context


class Trace:
    """The trace of one request, passed on as it came.

    `metadata` goes with every call to the model server: the request's id and its trace context.
    """

    def __init__(self, route: str, metadata: dict[str, str]) -> None:
        self.route = route
        self.metadata = metadata

    @property
    def trace_id(self) -> str | None:
        """The id of the trace, 32 hexadecimal digits, or None."""
        parent = self.metadata.get("traceparent")
        return parent.split("-")[1] if parent else None

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Make a stage of the request's work a part of the trace."""
        return _NOTHING

    def link(self, traceparent: str) -> None:
        """Link the current stage to a span of another request, whose call carries this one too."""

    def end(self, model: str, version: int | None, status: int) -> None:
        """Note how the request ended."""


class Tracing:
    """Begins the trace of each request; here, passes it on as it came."""

    def begin(self, route: str, metadata: dict[str, str]) -> Trace:
        """Begin the trace of a request."""
        return Trace(route, metadata)

    def close(self) -> None:
        """Export what is left."""


def exporter_is_set() -> bool:
    """Return whether OpenTelemetry's variables name an exporter for spans.

    Raises:
        ValueError: they ask for a protocol that is not installed.
    """
    environment = os.environ
    if not any(environment.get(name) for name in _ENDPOINTS):
        return False
    if (
        environment.get("OTEL_SDK_DISABLED", "").lower() == "true"
        or environment.get("OTEL_TRACES_EXPORTER", "otlp") != "otlp"
    ):
        return False
    for name in _PROTOCOLS:
        if environment.get(name, "grpc") not in ("", "grpc"):
            raise ValueError(f"{name}={environment[name]!r}: spans are exported by grpc only")
    return True
