"""The trace context of one request, as it goes with every call (W3C Trace Context)."""

import re
from contextlib import AbstractContextManager, nullcontext

# https://www.w3.org/TR/trace-context/: version, trace id, parent id, flags, and what later versions
# may add.
_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[ -~]*)?")


_TRACESTATE = re.compile(r"[ -~]{1,512}")


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
