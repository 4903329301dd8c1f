"""The errors of the embedded model server, with TensorFlow Serving's status codes and messages.

The messages are part of the protocol: only they distinguish an unknown label from a bad tensor.
Those here and those of one line, written where they are raised, follow TensorFlow Serving's sources
(``server_core.cc``, ``predict_util.cc``, ``get_model_metadata_impl.cc``,
``get_model_status_impl.cc`` and TensorFlow's ``saved_model/util.cc``), release 2.20.
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


def not_found(message: str) -> ServingError:
    """Return the error of a request for what does not exist."""
    return ServingError(grpc.StatusCode.NOT_FOUND, message)


def _braces(names: Collection[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def wrong_number_of_inputs(sent: Collection[str], wanted: Collection[str]) -> ServingError:
    """Reject a request with more or fewer inputs than the signature."""
    extra, missing = set(sent) - set(wanted), set(wanted) - set(sent)
    return invalid(
        f"input size does not match signature: {len(sent)}!={len(wanted)} "
        f"len({_braces(sent)}) != len({_braces(wanted)}). "
        f"Sent extra: {_braces(extra)}. Missing but required: {_braces(missing)}."
    )


def input_not_sent(
    alias: str, feed: str, sent: Collection[str], defaults: Collection[str]
) -> ServingError:
    """Reject a request that lacks an input without a default value."""
    return invalid(
        f"Signature input alias: {alias}(feed name: {feed}) not found in request and no default "
        f"value provided. Inputs expected to be in the request {_braces(sent)}, or default input "
        f"alias set: {','.join(sorted(defaults))}"
    )


def inputs_not_used(used: Collection[str], sent: Collection[str]) -> ServingError:
    """Reject an input that the signature does not have."""
    return invalid(
        f"Inputs contains invalid name. Used request inputs: {','.join(sorted(used))}, "
        f"request input: {','.join(sorted(sent))}"
    )


def unknown_output(alias: str, known: Collection[str]) -> ServingError:
    """Reject an ``output_filter`` with an output that the signature does not have."""
    return invalid(
        f"output tensor alias not found in signature: {alias} "
        f"Outputs expected to be in the set {_braces(known)}."
    )


def wrong_shape(alias: str, wanted: tuple[int, ...], sent: tuple[int, ...]) -> ServingError:
    """Reject an input that does not fit the signature's shape.

    TensorFlow Serving does not check: a wrong height ends with the kernel's message, a wrong rank
    crashes its process. So only the code is the same.
    """
    shapes = [f"[{','.join(map(str, shape))}]" for shape in (wanted, sent)]
    return invalid(f"Expects {alias} to have the shape {shapes[0]} but {shapes[1]} is provided")


def deadline_passed() -> ServingError:
    """Reject a call whose deadline passed before it was computed."""
    return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
