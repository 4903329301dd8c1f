"""OpenTelemetry spans: one for each request, and within it one for each stage of the work.

Import it only if an exporter is set: OpenTelemetry's SDK costs memory and time.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Span,
    SpanKind,
    Status,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)

from serving.gateway.telemetry.tracing import PROPAGATOR, Trace, Tracing

SERVICE = "photolabel-gateway"

_CALLS = {"predict"}  # Stages that wait for another program.


class SpanTracing(Tracing):
    """Records spans and exports them as OpenTelemetry's environment variables say."""

    def __init__(self) -> None:
        named = "service.name=" in os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
        named = named or "OTEL_SERVICE_NAME" in os.environ
        resource = Resource.create({} if named else {"service.name": SERVICE})
        # The worker closes it, within a time limit.
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("photolabel")

    def begin(self, route: str, metadata: dict[str, str]) -> Trace:
        """Begin the span of a request."""
        return _SpanTrace(self._tracer, route, metadata)

    def close(self) -> None:
        """Export what is left."""
        self._provider.shutdown()


class _SpanTrace(Trace):
    """A trace to which the request adds its spans; calls carry the span that they belong to."""

    def __init__(self, tracer: Tracer, route: str, metadata: dict[str, str]) -> None:
        super().__init__(route, metadata)
        self._tracer = tracer
        attributes = {"photolabel.request_id": metadata["x-request-id"]}
        self._request = tracer.start_span(
            route, PROPAGATOR.extract(metadata), SpanKind.SERVER, attributes
        )
        self._carry(self._request)
        self._current = self._request

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        kind = SpanKind.CLIENT if name in _CALLS else SpanKind.INTERNAL
        span = self._tracer.start_span(name, set_span_in_context(self._request), kind)
        self._carry(span)
        self._current = span
        try:
            yield
        except Exception as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.end()
            self._carry(self._request)
            self._current = self._request

    def link(self, traceparent: str) -> None:
        carrier = get_current_span(PROPAGATOR.extract({"traceparent": traceparent}))
        self._current.add_link(carrier.get_span_context())

    def end(self, model: str, version: int | None, status: int) -> None:
        self._request.set_attribute("http.response.status_code", status)
        self._request.set_attribute("photolabel.model", model)
        if version is not None:
            self._request.set_attribute("photolabel.version", version)
        if status >= 500:
            self._request.set_status(Status(StatusCode.ERROR))
        self._request.end()

    def _carry(self, span: Span) -> None:
        PROPAGATOR.inject(self.metadata, set_span_in_context(span))
