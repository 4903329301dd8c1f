"""Answers a PredictRequest with a loaded version.

Checks are in TensorFlow Serving's order (``predict_util.cc``), because only the first of several
mistakes in a request is reported.
"""

from collections.abc import Iterable, Sequence

from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from serving.model_server import errors, tensors
from serving.model_server.queued_call import RemainingTime, no_deadline
from serving.model_server.servable import Servable
from serving.model_server.tensors import Array

_DEFAULT_SIGNATURE = "serving_default"


def predict(
    servable: Servable, request: PredictRequest, remaining_time: RemainingTime = no_deadline
) -> PredictResponse:
    """Run the signature that the request names on the request's inputs.

    Returns:
        The requested outputs (all without ``output_filter``), elements in typed fields, and the
        model, version and signature that computed them.

    Raises:
        ServingError: the request does not fit the signature, TensorFlow cannot compute it, the
            queue is full, or the deadline has passed.
    """
    signature_name = request.model_spec.signature_name or _DEFAULT_SIGNATURE
    runner = servable.runner(signature_name)
    signature = runner.definition
    arrays = _inputs(signature, request)
    outputs = _outputs(signature, request.output_filter)
    results = runner.run(arrays, outputs, remaining_time)
    response = PredictResponse()
    response.model_spec.name = request.model_spec.name
    response.model_spec.version.value = servable.version
    response.model_spec.signature_name = signature_name
    for alias, array in zip(outputs, results, strict=True):
        tensors.fill(response.outputs[alias], array, signature.outputs[alias].dtype)
    return response


def _inputs(signature: SignatureDef, request: PredictRequest) -> dict[str, Array]:
    """Return the array of each input: from the request, or the signature's default value."""
    sent, wanted, defaults = request.inputs, signature.inputs, signature.defaults
    if len(sent) > len(wanted) or (len(sent) < len(wanted) and not defaults):
        extra, missing = set(sent) - set(wanted), set(wanted) - set(sent)
        raise errors.invalid(
            f"input size does not match signature: {len(sent)}!={len(wanted)} "
            f"len({_braces(sent)}) != len({_braces(wanted)}). "
            f"Sent extra: {_braces(extra)}. Missing but required: {_braces(missing)}."
        )
    arrays = {}
    for alias in sorted(wanted):
        if alias not in sent and alias not in defaults:
            raise errors.invalid(
                f"Signature input alias: {alias}(feed name: {wanted[alias].name}) not found in "
                "request and no default value provided. Inputs expected to be in the request "
                f"{_braces(sent)}, or default input alias set: {_joined(defaults)}"
            )
        try:
            arrays[alias] = tensors.to_array(sent[alias] if alias in sent else defaults[alias])
        except ValueError as error:
            raise errors.invalid(f"tensor parsing error: {alias}") from error
    used = [alias for alias in sent if alias in wanted]
    if len(used) != len(sent):
        raise errors.invalid(
            f"Inputs contains invalid name. Used request inputs: {_joined(used)}, "
            f"request input: {_joined(sent)}"
        )
    return arrays


def _outputs(signature: SignatureDef, output_filter: Sequence[str]) -> list[str]:
    seen: set[str] = set()
    for alias in output_filter:
        if alias not in signature.outputs:
            raise errors.invalid(
                f"output tensor alias not found in signature: {alias} "
                f"Outputs expected to be in the set {_braces(signature.outputs)}."
            )
        if alias in seen:
            raise errors.invalid(f"duplicate output tensor alias: {alias}")
        seen.add(alias)
    return list(output_filter) or sorted(signature.outputs)


def _joined(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


def _braces(names: Iterable[str]) -> str:
    return f"{{{_joined(names)}}}"
