"""Each refusal that was recorded from a running TensorFlow Serving."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
)
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from serving.model_server.grpc_server import Services
from serving.model_server.manager import Manager
from tests.serving.model_server import tiny
from tests.serving.model_server.tiny import Client, images, predict_request

INVALID = grpc.StatusCode.INVALID_ARGUMENT
NOT_FOUND = grpc.StatusCode.NOT_FOUND


def with_outputs(*names: str) -> PredictRequest:
    request = predict_request()
    request.output_filter.extend(names)
    return request


def without_inputs() -> PredictRequest:
    request = predict_request()
    del request.inputs["image"]
    return request


def with_extra_input() -> PredictRequest:
    request = predict_request()
    request.inputs["extra"].CopyFrom(request.inputs["image"])
    return request


def with_renamed_input() -> PredictRequest:
    request = with_extra_input()
    del request.inputs["image"]
    return request


def with_content(content: bytes) -> PredictRequest:
    request = predict_request()
    request.inputs["image"].tensor_content = content
    return request


REFUSED: dict[str, tuple[Callable[[Client], Any], grpc.StatusCode, str]] = {
    "unknown model, Predict": (
        lambda client: client.predict(name="nope"),
        NOT_FOUND,
        "Servable not found for request: Latest(nope)",
    ),
    "unknown model, metadata": (
        lambda client: client.metadata("signature_def", name="nope"),
        NOT_FOUND,
        "Servable not found for request: Latest(nope)",
    ),
    "unknown model, status": (
        lambda client: client.status(name="nope"),
        NOT_FOUND,
        "Could not find any versions of model nope",
    ),
    "unknown version, Predict": (
        lambda client: client.predict(version=99),
        NOT_FOUND,
        "Servable not found for request: Specific(m, 99)",
    ),
    "unknown version, metadata": (
        lambda client: client.metadata("signature_def", version=99),
        NOT_FOUND,
        "Servable not found for request: Specific(m, 99)",
    ),
    "unknown version, status": (
        lambda client: client.status(version=99),
        NOT_FOUND,
        "Could not find version 99 of model m",
    ),
    "replaced version": (
        lambda client: client.predict(version=1),
        NOT_FOUND,
        "Servable not found for request: Specific(m, 1)",
    ),
    "unknown label": (
        lambda client: client.predict(version_label="canary"),
        INVALID,
        "Unrecognized servable version label: canary",
    ),
    "empty name": (
        lambda client: client.predict(name=""),
        INVALID,
        "ModelSpec has no name specified.",
    ),
    "empty name, status": (
        lambda client: client.status(name=""),
        NOT_FOUND,
        "Could not find any versions of model ",
    ),
    "no model_spec, Predict": (
        lambda client: client.predict(PredictRequest()),
        INVALID,
        "Missing ModelSpec",
    ),
    "no model_spec, metadata": (
        lambda client: client.prediction.GetModelMetadata(GetModelMetadataRequest()),
        INVALID,
        "Missing ModelSpec",
    ),
    "no model_spec, status": (
        lambda client: client.model.GetModelStatus(GetModelStatusRequest()),
        INVALID,
        "Missing ModelSpec",
    ),
    "unknown signature": (
        lambda client: client.predict(signature_name="nosig"),
        grpc.StatusCode.FAILED_PRECONDITION,
        'Serving signature key "nosig" not found.',
    ),
    "signature that is not for calling": (
        lambda client: client.predict(signature_name="__saved_model_init_op"),
        grpc.StatusCode.INTERNAL,
        "Expected prediction signature method_name to be one of {tensorflow/serving/predict, "
        "tensorflow/serving/classify, tensorflow/serving/regress}. Was: ",
    ),
    "wrong dtype": (
        lambda client: client.predict(pixels=images().astype(np.float32)),
        INVALID,
        "Expects arg[0] to be uint8 but float is provided",
    ),
    "wrong dtype, double": (
        lambda client: client.predict(pixels=images().astype(np.float64)),
        INVALID,
        "Expects arg[0] to be uint8 but double is provided",
    ),
    "wrong height and width": (
        lambda client: client.predict(pixels=images(1, (20, 30, 1))),
        INVALID,
        "Expects image to have the shape [-1,28,28,1] but [1,20,30,1] is provided",
    ),
    "wrong rank": (
        lambda client: client.predict(pixels=images()[0]),
        INVALID,
        "Expects image to have the shape [-1,28,28,1] but [28,28,1] is provided",
    ),
    "missing input": (
        lambda client: client.predict(without_inputs()),
        INVALID,
        "input size does not match signature: 0!=1 len({}) != len({image}). "
        "Sent extra: {}. Missing but required: {image}.",
    ),
    "extra input": (
        lambda client: client.predict(with_extra_input()),
        INVALID,
        "input size does not match signature: 2!=1 len({extra,image}) != len({image}). "
        "Sent extra: {extra}. Missing but required: {}.",
    ),
    "wrong input name": (
        lambda client: client.predict(with_renamed_input()),
        INVALID,
        "Signature input alias: image(feed name: serving_default_image:0) not found in request "
        "and no default value provided. Inputs expected to be in the request {extra}, or default "
        "input alias set: ",
    ),
    "unknown output": (
        lambda client: client.predict(with_outputs("zz")),
        INVALID,
        "output tensor alias not found in signature: zz "
        "Outputs expected to be in the set {probabilities}.",
    ),
    "duplicate output": (
        lambda client: client.predict(with_outputs("probabilities", "probabilities")),
        INVALID,
        "duplicate output tensor alias: probabilities",
    ),
    "tensor_content too short": (
        lambda client: client.predict(with_content(b"123")),
        INVALID,
        "tensor parsing error: image",
    ),
    "metadata without a field": (
        lambda client: client.metadata(),
        INVALID,
        "GetModelMetadataRequest must specify at least one metadata_field",
    ),
    "unknown metadata field": (
        lambda client: client.metadata("zz"),
        INVALID,
        "Metadata field zz is not supported",
    ),
    "long message": (
        lambda client: client.predict(name="n" * 2000),
        NOT_FOUND,
        "Servable not found for request: Latest(" + "n" * 985 + "...TRUNCATED",
    ),
}


@pytest.mark.parametrize(("call", "code", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_refuses_as_tensorflow_serving(
    standing: Client, call: Callable[[Client], Any], code: grpc.StatusCode, message: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(standing)
    assert (caught.value.code(), caught.value.details()) == (code, message)


def test_other_methods_are_unimplemented(standing: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        standing.prediction.Classify(ClassificationRequest(), timeout=tiny.SECONDS)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


class LateContext:
    """A call that nobody waits for any more."""

    def time_remaining(self) -> float:
        return 0.0

    def is_active(self) -> bool:
        return False

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise RuntimeError(code)


def test_does_not_run_a_call_whose_deadline_has_passed() -> None:
    class NoManager(Manager):
        def __init__(self) -> None:
            pass

        def servable(self, *args: Any, **kwargs: Any) -> Any:
            raise AssertionError("the call was run")

    with pytest.raises(RuntimeError, match="DEADLINE_EXCEEDED"):
        Services(NoManager()).Predict(predict_request(), LateContext())
