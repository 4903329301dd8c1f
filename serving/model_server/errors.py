"""What the server says when it cannot do what was asked: TensorFlow Serving's codes and words.

The words are part of the protocol: clients that must tell an unknown label from a bad tensor have
only the message to go by. They follow TensorFlow Serving's sources (``server_core.cc``,
``predict_util.cc``, ``get_model_metadata_impl.cc``, ``get_model_status_impl.cc`` and TensorFlow's
``saved_model/util.cc``), release 2.20.
"""

from collections.abc import Collection

import grpc

_LONGEST_MESSAGE = 1024
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class ServingError(Exception):
    """A call, or the loading of a version, ends with this status.

    Attributes:
        code: the gRPC status code.
        message: TensorFlow Serving's message for it.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def number(self) -> int:
        """The code as a number, as ``tensorflow.error.Code`` counts it too."""
        number: int = self.code.value[0]
        return number


def from_number(number: int, message: str) -> ServingError:
    """Return the error with the numeric code of a TensorFlow exception."""
    return ServingError(_CODES.get(number, grpc.StatusCode.UNKNOWN), message)


def shortened(message: str) -> str:
    """Cut a message where TensorFlow Serving cuts it, so that it fits into a gRPC trailer."""
    if len(message) <= _LONGEST_MESSAGE:
        return message
    return message[:_LONGEST_MESSAGE] + "...TRUNCATED"


def _invalid(message: str) -> ServingError:
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def _not_found(message: str) -> ServingError:
    return ServingError(grpc.StatusCode.NOT_FOUND, message)


def _listed(names: Collection[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


# Which model.


def missing_model_spec() -> ServingError:
    """Refuse a request without any ``model_spec``."""
    return _invalid("Missing ModelSpec")


def missing_model_name() -> ServingError:
    """Refuse a ``model_spec`` without a name."""
    return _invalid("ModelSpec has no name specified.")


def servable_not_found(name: str, version: int | None) -> ServingError:
    """Refuse a call for a model of which no version, or not this one, serves."""
    request = f"Latest({name})" if version is None else f"Specific({name}, {version})"
    return _not_found(f"Servable not found for request: {request}")


def unknown_label(label: str) -> ServingError:
    """Refuse a label that the configuration gives to no version of the model."""
    return _invalid(f"Unrecognized servable version label: {label}")


def no_versions_known(name: str) -> ServingError:
    """Refuse to tell states of a model of which no version was ever seen."""
    return _not_found(f"Could not find any versions of model {name}")


def version_not_known(name: str, version: int) -> ServingError:
    """Refuse to tell the state of a version that was never seen."""
    return _not_found(f"Could not find version {version} of model {name}")


# Which metadata.


def no_metadata_field() -> ServingError:
    """Refuse a question for metadata that asks for nothing."""
    return _invalid("GetModelMetadataRequest must specify at least one metadata_field")


def unsupported_metadata_field(field: str) -> ServingError:
    """Refuse a question for other metadata than ``signature_def``."""
    return _invalid(f"Metadata field {field} is not supported")


# Which signature, inputs and outputs.


def signature_not_found(name: str) -> ServingError:
    """Refuse the name of a signature that the model does not have."""
    return ServingError(
        grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.'
    )


def not_a_prediction_signature(accepted: Collection[str], method_name: str) -> ServingError:
    """Refuse a signature that is not for calling, such as ``__saved_model_init_op``."""
    return ServingError(
        grpc.StatusCode.INTERNAL,
        "Expected prediction signature method_name to be one of "
        f"{{{', '.join(accepted)}}}. Was: {method_name}",
    )


def wrong_number_of_inputs(sent: Collection[str], wanted: Collection[str]) -> ServingError:
    """Refuse a request with more or fewer inputs than the signature."""
    extra, missing = set(sent) - set(wanted), set(wanted) - set(sent)
    return _invalid(
        f"input size does not match signature: {len(sent)}!={len(wanted)} "
        f"len({_listed(sent)}) != len({_listed(wanted)}). "
        f"Sent extra: {_listed(extra)}. Missing but required: {_listed(missing)}."
    )


def input_not_sent(
    alias: str, feed: str, sent: Collection[str], defaults: Collection[str]
) -> ServingError:
    """Refuse a request that lacks an input which has no default value."""
    return _invalid(
        f"Signature input alias: {alias}(feed name: {feed}) not found in request and no default "
        f"value provided. Inputs expected to be in the request {_listed(sent)}, or default input "
        f"alias set: {','.join(sorted(defaults))}"
    )


def inputs_not_used(used: Collection[str], sent: Collection[str]) -> ServingError:
    """Refuse a request with an input that the signature does not know."""
    return _invalid(
        f"Inputs contains invalid name. Used request inputs: {','.join(sorted(used))}, "
        f"request input: {','.join(sorted(sent))}"
    )


def unparsable_tensor(alias: str) -> ServingError:
    """Refuse an input whose bytes, shape and type do not make a tensor."""
    return _invalid(f"tensor parsing error: {alias}")


def unknown_output(alias: str, known: Collection[str]) -> ServingError:
    """Refuse an ``output_filter`` with an output that the signature does not have."""
    return _invalid(
        f"output tensor alias not found in signature: {alias} "
        f"Outputs expected to be in the set {_listed(known)}."
    )


def duplicate_output(alias: str) -> ServingError:
    """Refuse an ``output_filter`` that names an output twice."""
    return _invalid(f"duplicate output tensor alias: {alias}")


def wrong_type(place: int, wanted: str, sent: str) -> ServingError:
    """Refuse an input of another element type than the signature's."""
    return _invalid(f"Expects arg[{place}] to be {wanted} but {sent} is provided")


def wrong_shape(alias: str, wanted: str, sent: str) -> ServingError:
    """Refuse an input that does not fit the signature's shape.

    TensorFlow Serving does not look: a wrong height ends with the kernel's message, a wrong rank
    with the end of its process. Only the code is the same here.
    """
    return _invalid(f"Expects {alias} to have the shape {wanted} but {sent} is provided")


# What happened on the way.


def queue_full(batches: int) -> ServingError:
    """Refuse a call before which too much waits already (``shared_batch_scheduler.h``)."""
    return ServingError(
        grpc.StatusCode.UNAVAILABLE,
        "The batch scheduling queue to which this task was submitted is full; currently "
        f"{batches} batches enqueued and max_enqueued_batches is {batches}",
    )


def deadline_passed() -> ServingError:
    """Refuse a call whose deadline was over before its turn came."""
    return ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
