"""The trace that a request belongs to: W3C trace context in, W3C trace context out.

Without an exporter a trace passes through as it came. Spans are recorded
(`serving.gateway.telemetry.spans`) only where OpenTelemetry's own variables
name an exporter, and only then is OpenTelemetry imported.
"""

import os
from collections.abc import Callable

from serving.gateway.telemetry.trace import Trace

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


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


def open_tracing() -> Callable[[str, dict[str, str]], Trace]:
    """Return what begins the trace of a request, from its route and its metadata.

    Call it after a fork: an exporter has threads.
    """
    if not exporter_is_set():
        return Trace
    from serving.gateway.telemetry.spans import SpanRecorder

    return SpanRecorder().begin
