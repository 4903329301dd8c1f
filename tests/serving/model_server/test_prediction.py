"""Inputs with default values in the signature."""

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from serving.model_server.errors import ServingError
from serving.model_server.options import DEFAULT_BATCHING
from serving.model_server.prediction import predict
from serving.model_server.servable import Servable, load
from tests.serving.model_server.tiny import model_spec


@pytest.fixture
def with_default(publish: Callable[..., Path]) -> Servable:
    """Return the model, the input number of its signature types being 41 by default."""
    path = publish(1)
    file = path / "saved_model.pb"
    saved = SavedModel.FromString(file.read_bytes())
    signature = saved.meta_graphs[0].signature_def["types"]
    signature.defaults["number"].CopyFrom(tf.make_tensor_proto(41, tf.int64))
    file.write_bytes(saved.SerializeToString())
    return load("m", 1, path, DEFAULT_BATCHING)


def request(**inputs: object) -> PredictRequest:
    made = PredictRequest(model_spec=model_spec(signature_name="types"))
    for name, value in inputs.items():
        made.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return made


def test_a_default_stands_in_for_an_input_not_sent(with_default: Servable) -> None:
    outputs = predict(with_default, request(words=[b"a"])).outputs
    assert list(outputs["number"].int64_val) == [42]


def test_an_input_sent_goes_before_its_default(with_default: Servable) -> None:
    sent = request(words=[b"a"])
    sent.inputs["number"].CopyFrom(tf.make_tensor_proto(6, tf.int64))
    assert list(predict(with_default, sent).outputs["number"].int64_val) == [7]


def test_an_input_without_a_default_must_be_sent(with_default: Servable) -> None:
    with pytest.raises(ServingError, match=r"words\(feed .* \{\}, or default .* set: number$"):
        predict(with_default, request())


def test_an_unknown_input_is_refused_beside_a_default(with_default: Servable) -> None:
    with pytest.raises(ServingError) as caught:
        predict(with_default, request(words=[b"a"], zz=[b"b"]))
    assert caught.value.message == (
        "Inputs contains invalid name. Used request inputs: words, request input: words,zz"
    )
