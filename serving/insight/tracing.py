"""The trace that a request belongs to: W3C trace context in, W3C trace context out.

Without an exporter a trace passes through as it came. Spans are recorded (`serving.insight.spans`)
only where OpenTelemetry's own variables name an exporter, and only then is OpenTelemetry imported.
"""

import os
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

# https://www.w3.org/TR/trace-context/: version, trace id, parent id, flags, and what later versions
# may add.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[ -~]*)?")
_TRACESTATE = re.compile(r"[ -~]{1,512}")
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


_NOTHING = nullcontext()


def trace_context(traceparent: str, tracestate: str = "") -> dict[str, str]:
    """Return the trace context of two headers, as gRPC metadata; empty if it is not valid.

    A `traceparent` of a later version is passed on as one of version 00, as the standard says.
    """
    match = _TRACEPARENT.fullmatch(traceparent)
    if match is None:
        return {}
    version, trace_id, parent_id, flags, more = match.groups()
    if (
        version == "ff"
        or (version == "00" and more)
        or not (int(trace_id, 16) and int(parent_id, 16))
    ):
        return {}
    context = {"traceparent": f"00-{trace_id}-{parent_id}-{flags}"}
    if _TRACESTATE.fullmatch(tracestate):
        context["tracestate"] = tracestate
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
        """Return the id of the trace, 32 hexadecimal digits, or None if there is none."""
        parent = self.metadata.get("traceparent")
        return parent.split("-")[1] if parent else None

    def stage(self, name: str) -> AbstractContextManager[None]:
        """Do a stage of the request's work as a part of the trace."""
        return _NOTHING

    def end(self, model: str, version: int | None, status: int) -> None:
        """Say how the request ended."""


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
    from serving.insight.spans import SpanRecorder

    return SpanRecorder().begin
