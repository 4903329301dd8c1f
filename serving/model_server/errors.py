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


def _invalid(message: str) -> ServingError:
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def _not_found(message: str) -> ServingError:
    return ServingError(grpc.StatusCode.NOT_FOUND, message)


def _braces(names: Collection[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def missing_model_spec() -> ServingError:
    """Reject a request without ``model_spec``."""
    return _invalid("Missing ModelSpec")


def missing_model_name() -> ServingError:
    """Reject a ``model_spec`` without a name."""
    return _invalid("ModelSpec has no name specified.")


def servable_not_found(name: str, version: int | None) -> ServingError:
    """Reject a call for a model or version that does not serve."""
    request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
    return _not_found(f"Servable not found for request: {request}")


def unknown_label(label: str) -> ServingError:
    """Reject a label that no version of the model has."""
    return _invalid(f"Unrecognized servable version label: {label}")


def version_not_known(name: str, version: int | None) -> ServingError:
    """Reject a status request for a version, or a model, that was never seen."""
    which = "any versions" if version is None else f"version {version}"
    return _not_found(f"Could not find {which} of model {name}")


def no_metadata_field() -> ServingError:
    """Reject a metadata request without a field."""
    return _invalid("GetModelMetadataRequest must specify at least one metadata_field")


def unsupported_metadata_field(field: str) -> ServingError:
    """Reject a metadata field other than ``signature_def``."""
    return _invalid(f"Metadata field {field} is not supported")


def signature_not_found(name: str) -> ServingError:
    """Reject the name of a signature that the model does not have."""
    return ServingError(
        grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
    )


def not_a_prediction_signature(accepted: Collection[str], method_name: str) -> ServingError:
    """Reject a signature that cannot be called, such as ``__saved_model_init_op``."""
    return ServingError(
        grpc.StatusCode.INTERNAL,
        "Expected prediction signature method_name to be one of "
        f"{{{', '.join(accepted)}}}. Was: {method_name}",
    )


def wrong_number_of_inputs(sent: Collection[str], wanted: Collection[str]) -> ServingError:
    """Reject a request with more or fewer inputs than the signature."""
    extra, missing = set(sent) - set(wanted), set(wanted) - set(sent)
    return _invalid(
        f"input size does not match signature: {len(sent)}!={len(wanted)} "
        f"len({_braces(sent)}) != len({_braces(wanted)}). "
        f"Sent extra: {_braces(extra)}. Missing but required: {_braces(missing)}."
    )


def input_not_sent(
    alias: str, feed: str, sent: Collection[str], defaults: Collection[str]
) -> ServingError:
    """Reject a request that lacks an input without a default value."""
    return _invalid(
        f"Signature input alias: {alias}(feed name: {feed}) not found in request and no default "
        f"value provided. Inputs expected to be in the request {_braces(sent)}, or default input "
        f"alias set: {','.join(sorted(defaults))}"
    )


def inputs_not_used(used: Collection[str], sent: Collection[str]) -> ServingError:
    """Reject an input that the signature does not have."""
    return _invalid(
        f"Inputs contains invalid name. Used request inputs: {','.join(sorted(used))}, "
        f"request input: {','.join(sorted(sent))}"
    )


def unparsable_tensor(alias: str) -> ServingError:
    """Reject an input whose bytes, shape and type do not fit together."""
    return _invalid(f"tensor parsing error: {alias}")


def unknown_output(alias: str, known: Collection[str]) -> ServingError:
    """Reject an ``output_filter`` with an output that the signature does not have."""
    return _invalid(
        f"output tensor alias not found in signature: {alias} "
        f"Outputs expected to be in the set {_braces(known)}."
    )


def duplicate_output(alias: str) -> ServingError:
    """Reject an ``output_filter`` that contains an output twice."""
    return _invalid(f"duplicate output tensor alias: {alias}")


def wrong_type(index: int, wanted: str, sent: str) -> ServingError:
    """Reject an input with another element type than the signature's."""
    return _invalid(f"Expects arg[{index}] to be {wanted} but {sent} is provided")


def wrong_shape(alias: str, wanted: tuple[int, ...], sent: tuple[int, ...]) -> ServingError:
    """Reject an input that does not fit the signature's shape.

    TensorFlow Serving does not check: a wrong height ends with the kernel's message, a wrong rank
    crashes its process. So only the code is the same.
    """
    shapes = [f"[{','.join(map(str, shape))}]" for shape in (wanted, sent)]
    return _invalid(f"Expects {alias} to have the shape {shapes[0]} but {shapes[1]} is provided")


def queue_full(batches: int) -> ServingError:
    """Reject a call when too many batches wait already (``shared_batch_scheduler.h``)."""
    return ServingError(
        grpc.StatusCode.UNAVAILABLE,
        "The batch scheduling queue to which this task was submitted is full; currently "
        f"{batches} batches enqueued and max_enqueued_batches is {batches}",
    )


def deadline_passed() -> ServingError:
    """Reject a call whose deadline passed before it was computed."""
    return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
