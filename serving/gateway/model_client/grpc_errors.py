"""From gRPC's statuses to our errors: the one table (`to_error`), and the one call that uses it."""

from collections.abc import Callable
from typing import Any

import grpc

from serving.deadline import Deadline
from serving.gateway.model_client.model_ref import ModelRef
from serving.http_errors import (
    DeadlineExceeded,
    InternalError,
    ModelNotReady,
    ModelServerUnavailable,
    PhotolabelError,
    UnknownVersion,
)


class RequestRefused(InternalError):
    """The model server calls a request invalid: the pixels are not of the shape that it serves."""


def call(method: Callable[..., Any], request: Any, ref: ModelRef, deadline: Deadline) -> Any:
    """Call a method of a stub within the deadline; raise the errors of `to_error`."""
    try:
        metadata = tuple(deadline.metadata.items())
        return method(request, timeout=deadline.remaining(), metadata=metadata)
    except grpc.RpcError as error:
        raise to_error(error.code(), error.details() or "", ref, deadline) from error


def to_error(
    code: grpc.StatusCode, message: str, ref: ModelRef, deadline: Deadline
) -> PhotolabelError:
    """Return the error for a status of a call that asked for `ref`."""
    match code:
        case grpc.StatusCode.NOT_FOUND:
            return unknown_version(ref)
        case grpc.StatusCode.INVALID_ARGUMENT if "Unrecognized servable version label" in message:
            return unknown_version(ref)
        case grpc.StatusCode.FAILED_PRECONDITION if "signature" in message:
            return broken_contract(ref, message)
        # FAILED_PRECONDITION: requests of different shapes met in one batch, as they do while a
        # version takes over.
        case grpc.StatusCode.INVALID_ARGUMENT | grpc.StatusCode.FAILED_PRECONDITION:
            return RequestRefused(f"{ref}: {message}")
        case grpc.StatusCode.UNAVAILABLE:
            return ModelServerUnavailable("The model server does not answer. Try again shortly.")
        case grpc.StatusCode.CANCELLED:
            return ModelServerUnavailable(
                "The model server ended the call, as it does when it stops. Try again shortly."
            )
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return ModelServerUnavailable("The model server is overloaded. Try again shortly.")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return DeadlineExceeded(
                "The model did not answer within the request's time budget of"
                f" {deadline.seconds:g} s. Try again."
            )
        case _:
            return InternalError(f"{ref}: {code.name}: {message}")


def broken_contract(ref: ModelRef, fault: str) -> ModelNotReady:
    """Return the error for a model that violates contract 1 (docs/contracts.md)."""
    return ModelNotReady(
        f"Model {ref} can't be served: {fault}. Publish it with python -m training."
    )


def unknown_version(ref: ModelRef) -> PhotolabelError:
    """Return the error for a version, label or whole model that the model server lacks."""
    if ref.version is None and ref.label is None:
        return ModelNotReady(f"Model {ref} is not loaded. Publish it, or wait until it is loaded.")
    if ref.label is not None:
        return UnknownVersion(f"There is no {ref}. Labels are configured in the model server.")
    return UnknownVersion(f"There is no {ref}. GET /v1/models/{ref.name} lists the versions.")
