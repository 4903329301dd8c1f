"""Each case that was recorded from a running TensorFlow Serving, and what the services answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import keras
import numpy as np
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    SignatureDefMap,
)
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from serving.embedded.address import AddressError
from serving.embedded.config import ModelsFolder
from serving.embedded.manager import Manager
from serving.embedded.server import PredictionService, Server
from tests.serving.embedded import tiny
from tests.serving.embedded.tiny import Client, images, predict_request

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
    client: Client, call: Callable[[Client], Any], code: grpc.StatusCode, message: str
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        call(client)
    assert (caught.value.code(), caught.value.details()) == (code, message)


def test_other_methods_are_unimplemented(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.prediction.Classify(ClassificationRequest(), timeout=tiny.SECONDS)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_predicts_what_the_model_in_memory_does(client: Client, model: keras.Model) -> None:
    pixels = images(5)
    response = client.predict(pixels=pixels)
    output = response.outputs["probabilities"]
    assert output.dtype == types_pb2.DT_FLOAT
    assert [dim.size for dim in output.tensor_shape.dim] == [5, 3]
    assert not output.tensor_content
    np.testing.assert_allclose(
        np.reshape(output.float_val, (5, 3)), np.asarray(model(pixels)), atol=1e-6
    )


def test_says_what_answered(client: Client) -> None:
    spec = client.predict().model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("m", 2, "serving_default")
    assert client.predict(version=2).model_spec.version.value == 2
    described = client.predict(signature_name="describe")
    assert described.model_spec.signature_name == "describe"


def test_sends_strings_as_string_val(client: Client) -> None:
    outputs = client.predict(pixels=images(2), signature_name="describe").outputs
    assert list(outputs["labels"].string_val) == [b"a", b"b", b"c\0"] * 2
    assert [dim.size for dim in outputs["labels"].tensor_shape.dim] == [2, 3]
    assert list(outputs["preparation"].string_val) == [b"garment/1"] * 2


def test_computes_only_the_outputs_asked_for(client: Client) -> None:
    request = predict_request(signature_name="describe")
    request.output_filter.append("preparation")
    assert list(client.predict(request).outputs) == ["preparation"]


def test_accepts_an_empty_batch(client: Client) -> None:
    output = client.predict(pixels=images(0)).outputs["probabilities"]
    assert [dim.size for dim in output.tensor_shape.dim] == [0, 3]


def test_accepts_large_requests(client: Client) -> None:
    count = 64 * 2**20 // 784
    request = predict_request(np.zeros((count, *tiny.SHAPE), np.uint8))
    output = client.predict(request).outputs["probabilities"]
    assert len(output.float_val) == 3 * count


def test_takes_and_gives_many_types(client: Client) -> None:
    request = PredictRequest(model_spec=tiny.model_spec(signature_name="types"))
    words, number = request.inputs["words"], request.inputs["number"]
    words.dtype, number.dtype = types_pb2.DT_STRING, types_pb2.DT_INT64
    words.string_val.extend([b"ab", b"c\0"])
    words.tensor_shape.dim.add(size=2)
    number.int64_val.append(5)
    outputs = client.predict(request).outputs
    assert list(outputs["words"].string_val) == [b"AB", b"C\0"]
    assert list(outputs["first"].string_val) == [b"ab"]
    assert not outputs["first"].tensor_shape.dim
    assert list(outputs["number"].int64_val) == [6]
    assert list(outputs["half"].half_val) == [0x4500]
    assert list(outputs["truth"].bool_val) == [True, False]


def test_numbers_arguments_by_the_names_of_their_tensors(client: Client) -> None:
    request = PredictRequest(model_spec=tiny.model_spec(signature_name="types"))
    for name in ("words", "number"):
        request.inputs[name].dtype = types_pb2.DT_STRING
        request.inputs[name].string_val.append(b"x")
    request.inputs["words"].tensor_shape.dim.add(size=1)
    with pytest.raises(grpc.RpcError, match=r"Expects arg\[0\] to be int64 but string is"):
        client.predict(request)


def test_metadata_lists_the_signatures_of_the_saved_model(client: Client) -> None:
    response = client.metadata("signature_def")
    assert (response.model_spec.name, response.model_spec.version.value) == ("m", 2)
    packed: AnyMessage = response.metadata["signature_def"]
    signatures = SignatureDefMap()
    assert packed.Unpack(signatures)
    assert set(signatures.signature_def) == {
        "__saved_model_init_op",
        "describe",
        "serving_default",
        "types",
    }
    default = signatures.signature_def["serving_default"]
    assert default.inputs["image"].dtype == types_pb2.DT_UINT8
    assert [dim.size for dim in default.inputs["image"].tensor_shape.dim] == [-1, 28, 28, 1]
    (init,) = signatures.signature_def["__saved_model_init_op"].outputs.values()
    assert (init.dtype, init.tensor_shape.unknown_rank) == (types_pb2.DT_INVALID, True)


def test_states_come_newest_first_and_keep_replaced_versions(client: Client) -> None:
    assert client.states() == [(2, "AVAILABLE", 0), (1, "END", 0)]
    assert client.states(version=1) == [(1, "END", 0)]


def test_states_ignore_labels(client: Client) -> None:
    assert client.states(version_label="canary") == client.states()


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
        PredictionService(NoManager()).Predict(predict_request(), LateContext())


def test_refuses_a_port_in_use(tmp_path: Path) -> None:
    manager = Manager(ModelsFolder(tmp_path))
    first = Server(manager, "127.0.0.1", 0, 1)
    try:
        with pytest.raises(AddressError, match=f"127.0.0.1:{first.port}.* in use"):
            Server(manager, "127.0.0.1", first.port, 1)
    finally:
        first.stop(0)


def test_stops_only_when_calls_under_way_are_answered(
    publish: Callable[..., Path], tmp_path: Path
) -> None:
    publish(1)
    manager = Manager(ModelsFolder(tmp_path))
    manager.poll()
    server = Server(manager, "127.0.0.1", 0, 4)
    with grpc.insecure_channel(server.address) as channel:
        stub = PredictionServiceStub(channel)
        large = predict_request(np.zeros((10_000, *tiny.SHAPE), np.uint8))
        calls = [stub.Predict.future(large, timeout=tiny.SECONDS) for _ in range(4)]
        stub.Predict(predict_request(), timeout=tiny.SECONDS)
        server.stop(grace_seconds=tiny.SECONDS)
        assert [len(call.result().outputs) for call in calls] == [1] * 4
        with pytest.raises(grpc.RpcError) as caught:
            stub.Predict(predict_request(), timeout=tiny.SECONDS)
    assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
