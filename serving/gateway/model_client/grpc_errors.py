"""From gRPC status to our errors: the one table, and the one call that uses it."""

from collections.abc import Callable
from typing import Any

import grpc

from serving.deadline import Deadline
from serving.errors import (
    DeadlineExceeded,
    InternalError,
    ModelNotReady,
    ModelServerUnavailable,
    PhotolabelError,
    UnknownVersion,
)
from serving.gateway.model_client.model_ref import ModelRef


class RequestRefused(InternalError):
    """The model server calls a request invalid: the pixels are not of the shape that it serves."""


def broken_contract(ref: ModelRef, fault: str) -> ModelNotReady:
    """Return the error for a model that does not keep contract 1 (docs/contracts.md)."""
    return ModelNotReady(
        f"Model {ref} can't be served: {fault}. Publish it with python -m training."
    )


def call(method: Callable[..., Any], request: Any, ref: ModelRef, deadline: Deadline) -> Any:
    """Call a method of a stub within the deadline.

    Raises:
        PhotolabelError: as in `STATUS_TABLE`; `InternalError` for a status that is not in it.
    """
    try:
        metadata = tuple(deadline.metadata.items())
        return method(request, timeout=deadline.remaining(), metadata=metadata)
    except grpc.RpcError as error:
        raise _translate(error.code(), error.details() or "", ref, deadline) from error


def unknown_version(ref: ModelRef) -> PhotolabelError:
    """Return the error for a version, label or whole model that the model server lacks."""
    if ref.version is None and ref.label is None:
        return ModelNotReady(f"Model {ref} is not loaded. Publish it, or wait until it is loaded.")
    if ref.label is not None:
        return UnknownVersion(f"There is no {ref}. Labels are set where the model server is.")
    return UnknownVersion(f"There is no {ref}. GET /v1/models/{ref.name} tells which there are.")


# gRPC status → our error, from the model asked for, the status's message and the deadline.
STATUS_TABLE: dict[grpc.StatusCode, Callable[[ModelRef, str, Deadline], PhotolabelError]] = {
    grpc.StatusCode.NOT_FOUND: lambda ref, _, __: unknown_version(ref),
    grpc.StatusCode.UNAVAILABLE: lambda _, __, ___: ModelServerUnavailable(
        "The model server does not answer. Try again shortly."
    ),
    grpc.StatusCode.CANCELLED: lambda _, __, ___: ModelServerUnavailable(
        "The model server ended the call, as it does when it stops. Try again shortly."
    ),
    grpc.StatusCode.RESOURCE_EXHAUSTED: lambda _, __, ___: ModelServerUnavailable(
        "The model server has too much to do. Try again shortly."
    ),
    grpc.StatusCode.DEADLINE_EXCEEDED: lambda _, __, deadline: DeadlineExceeded(
        f"The model did not answer within the {deadline.seconds:g} s of the request. Try again."
    ),
    grpc.StatusCode.FAILED_PRECONDITION: lambda ref, message, _: (
        broken_contract(ref, message)
        if "signature" in message
        # Requests of different shapes met in one batch, as they do while a version takes over.
        else RequestRefused(f"{ref}: {message}")
    ),
    grpc.StatusCode.INVALID_ARGUMENT: lambda ref, message, _: RequestRefused(f"{ref}: {message}"),
}


def _translate(
    code: grpc.StatusCode, message: str, ref: ModelRef, deadline: Deadline
) -> PhotolabelError:
    # The code alone does not tell an unknown label from a malformed request.
    if (
        code is grpc.StatusCode.INVALID_ARGUMENT
        and "Unrecognized servable version label" in message
    ):
        return unknown_version(ref)
    if code in STATUS_TABLE:
        return STATUS_TABLE[code](ref, message, deadline)
    return InternalError(f"{ref}: {code.name}: {message}")
