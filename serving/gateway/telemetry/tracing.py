"""Chooses how requests are traced.

Spans are recorded, and OpenTelemetry's SDK is imported, only if its variables name an exporter.
"""

import os

from serving.gateway.telemetry.trace import Tracing

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


def open_tracing() -> Tracing:
    """Return how requests are traced. Call it after a fork: an exporter has threads."""
    if not exporter_is_set():
        return Tracing()
    from serving.gateway.telemetry.spans import SpanTracing

    return SpanTracing()
