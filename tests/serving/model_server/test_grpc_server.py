"""What the services answer, and the server's life."""

import threading
from collections.abc import Callable
from pathlib import Path

import grpc
import keras
import numpy as np
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    SignatureDefMap,
)
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from serving.model_server.grpc_server import Server
from serving.model_server.manager import Manager
from serving.model_server.options import AddressError
from serving.repository.models_folder import ModelsFolder
from tests.serving.model_server import tiny
from tests.serving.model_server.tiny import Client, images, predict_request


def test_predicts_what_the_model_in_memory_does(standing: Client, model: keras.Model) -> None:
    pixels = images(5)
    response = standing.predict(pixels=pixels)
    output = response.outputs["probabilities"]
    assert output.dtype == types_pb2.DT_FLOAT
    assert [dim.size for dim in output.tensor_shape.dim] == [5, 3]
    assert not output.tensor_content
    np.testing.assert_allclose(
        np.reshape(output.float_val, (5, 3)), np.asarray(model(pixels)), atol=1e-6
    )


def test_says_what_answered(standing: Client) -> None:
    spec = standing.predict().model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("m", 2, "serving_default")
    assert standing.predict(version=2).model_spec.version.value == 2
    described = standing.predict(signature_name="describe")
    assert described.model_spec.signature_name == "describe"


def test_sends_strings_as_string_val(standing: Client) -> None:
    outputs = standing.predict(pixels=images(2), signature_name="describe").outputs
    assert list(outputs["labels"].string_val) == [b"a", b"b", b"c\0"] * 2
    assert [dim.size for dim in outputs["labels"].tensor_shape.dim] == [2, 3]
    assert list(outputs["preparation"].string_val) == [b"garment/1"] * 2


def test_computes_only_the_outputs_asked_for(standing: Client) -> None:
    request = predict_request(signature_name="describe")
    request.output_filter.append("preparation")
    assert list(standing.predict(request).outputs) == ["preparation"]


def test_accepts_an_empty_batch(standing: Client) -> None:
    output = standing.predict(pixels=images(0)).outputs["probabilities"]
    assert [dim.size for dim in output.tensor_shape.dim] == [0, 3]


def test_accepts_large_requests(standing: Client) -> None:
    count = 64 * 2**20 // 784
    request = predict_request(np.zeros((count, *tiny.SHAPE), np.uint8))
    output = standing.predict(request).outputs["probabilities"]
    assert len(output.float_val) == 3 * count


def test_takes_and_gives_many_types(standing: Client) -> None:
    request = PredictRequest(model_spec=tiny.model_spec(signature_name="types"))
    words, number = request.inputs["words"], request.inputs["number"]
    words.dtype, number.dtype = types_pb2.DT_STRING, types_pb2.DT_INT64
    words.string_val.extend([b"ab\0", b"c"])
    words.tensor_shape.dim.add(size=2)
    number.int64_val.append(5)
    outputs = standing.predict(request).outputs
    assert list(outputs["words"].string_val) == [b"AB\0", b"C"]
    assert list(outputs["first"].string_val) == [b"ab\0"]
    assert not outputs["first"].tensor_shape.dim
    assert list(outputs["number"].int64_val) == [6]
    assert list(outputs["half"].half_val) == [0x4500]
    assert list(outputs["truth"].bool_val) == [True, False]


def test_numbers_arguments_by_the_names_of_their_tensors(standing: Client) -> None:
    request = PredictRequest(model_spec=tiny.model_spec(signature_name="types"))
    for name in ("words", "number"):
        request.inputs[name].dtype = types_pb2.DT_STRING
        request.inputs[name].string_val.append(b"x")
    request.inputs["words"].tensor_shape.dim.add(size=1)
    with pytest.raises(grpc.RpcError, match=r"Expects arg\[0\] to be int64 but string is"):
        standing.predict(request)


def test_metadata_lists_the_signatures_of_the_saved_model(standing: Client) -> None:
    response = standing.metadata("signature_def")
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


def test_states_come_newest_first_and_keep_replaced_versions(standing: Client) -> None:
    assert standing.states() == [(2, "AVAILABLE", 0), (1, "END", 0)]
    assert standing.states(version=1) == [(1, "END", 0)]


def test_states_ignore_labels(standing: Client) -> None:
    assert standing.states(version_label="canary") == standing.states()


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


def test_stopping_ends_the_threads(publish: Callable[..., Path], tmp_path: Path) -> None:
    publish(1)
    manager = Manager(ModelsFolder(tmp_path))
    manager.poll()
    before = set(threading.enumerate())
    server = Server(manager, "127.0.0.1", 0, 4)
    with grpc.insecure_channel(server.address) as channel:
        Client(channel).predict()
    server.stop(grace_seconds=tiny.SECONDS)
    started = [t for t in set(threading.enumerate()) - before if t.name.startswith("call")]
    for thread in started:
        thread.join(tiny.SECONDS)
    assert not any(thread.is_alive() for thread in started)
