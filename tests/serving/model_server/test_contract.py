"""A model that loads, but that the gateway can't use, is not simply said to serve."""

import logging
from collections.abc import Callable
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.model_server.contract import contract_fault
from serving.model_server.manager import Manager
from tests.serving.model_server.tiny import lines

Signatures = dict[str, SignatureDef]


@pytest.fixture
def signatures() -> Signatures:
    """Return the signatures of a model that fits."""
    outputs = {
        "serving_default": ["probabilities", "recognized"],
        "describe": ["labels", "preparation", "card"],
    }
    made = {}
    for name, names in outputs.items():
        made[name] = SignatureDef()
        image = made[name].inputs["image"]
        image.dtype = tf.uint8.as_datatype_enum
        for size in (-1, 28, 28, 1):
            image.tensor_shape.dim.add(size=size)
        for output in names:
            made[name].outputs[output].dtype = tf.float32.as_datatype_enum
    return made


def test_what_fits_has_no_fault(signatures: Signatures) -> None:
    assert contract_fault(signatures) is None


@pytest.mark.parametrize("name", ["serving_default", "describe"])
def test_a_missing_signature_is_named(signatures: Signatures, name: str) -> None:
    del signatures[name]
    assert contract_fault(signatures) == f"it has no signature {name}"


@pytest.mark.parametrize(
    ("name", "output"), [("serving_default", "probabilities"), ("describe", "card")]
)
def test_a_missing_output_is_named(signatures: Signatures, name: str, output: str) -> None:
    del signatures[name].outputs[output]
    assert contract_fault(signatures) == f"signature {name} has no output {output}"


def test_an_input_that_is_no_photo_is_named(signatures: Signatures) -> None:
    image = signatures["serving_default"].inputs["image"]
    expected = "signature serving_default has no input image, uint8 "
    image.tensor_shape.dim[3].size = 4
    assert (contract_fault(signatures) or "").startswith(expected)
    image.tensor_shape.dim[3].size = 3
    image.dtype = tf.float32.as_datatype_enum
    assert (contract_fault(signatures) or "").startswith(expected)
    del signatures["serving_default"].inputs["image"]
    assert (contract_fault(signatures) or "").startswith(expected)


def test_the_log_says_that_a_foreign_model_is_not_for_the_gateway(
    manager: Manager,
    publish: Callable[..., Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    archive, network = keras.export.ExportArchive(), keras.Sequential([keras.layers.Dense(1)])
    network.build((None, 2))
    archive.track(network)
    spec = [tf.TensorSpec((None, 2), tf.float32, name="x")]
    archive.add_endpoint("serving_default", network.call, spec)
    archive.write_out(str(tmp_path / "foreign" / "1"), verbose=False)
    publish(1)
    manager.poll()
    (line,) = lines(caplog, "foreign version 1: serving")
    assert "the gateway can't use it: signature serving_default has no input image" in line
    (line,) = lines(caplog, "m version 1: serving")
    assert line.endswith("serving")
