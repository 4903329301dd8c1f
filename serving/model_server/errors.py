"""The errors of the embedded model server, with TensorFlow Serving's status codes and messages.

The messages are part of the protocol: only they distinguish an unknown label from a bad tensor.
They follow TensorFlow Serving's sources (``server_core.cc``, ``predict_util.cc``,
``get_model_metadata_impl.cc``, ``get_model_status_impl.cc`` and TensorFlow's
``saved_model/util.cc``), release 2.20.
"""

from collections.abc import Collection

import grpc

_MAX_MESSAGE_LENGTH = 1024
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class ServingError(Exception):
    """A call or the loading of a version failed with this status.

    Attributes:
        code: the gRPC status code.
        number: the code as a number, the same in ``tensorflow.error.Code``.
        message: TensorFlow Serving's message for it.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.number: int = code.value[0]
        self.message = message


def from_number(number: int, message: str) -> ServingError:
    """Return the error for the numeric code of a TensorFlow exception."""
    return ServingError(_CODES.get(number, grpc.StatusCode.UNKNOWN), message)


def truncate(message: str) -> str:
    """Truncate a message as TensorFlow Serving does, so that it fits into a gRPC trailer."""
    rest = "...TRUNCATED" if len(message) > _MAX_MESSAGE_LENGTH else ""
    return message[:_MAX_MESSAGE_LENGTH] + rest


def invalid(message: str) -> ServingError:
    """Return the error of a request that the client has to change."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def failed_precondition(message: str) -> ServingError:
    """Return the error of a request that does not fit what serves now."""
    return ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)


def unavailable_models(names: Collection[str]) -> ServingError:
    """Return the error of a reload whose new models do not load."""
    listed = "".join(f"{{name: {name} version: latest}}" for name in names)
    message = f"{len(names)} servable(s) did not become available: {{{listed}}}"
    return ServingError(grpc.StatusCode.UNKNOWN, message)


def not_found(message: str) -> ServingError:
    """Return the error of a request for what does not exist."""
    return ServingError(grpc.StatusCode.NOT_FOUND, message)


def deadline_passed() -> ServingError:
    """Reject a call whose deadline passed before it was computed."""
    return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
