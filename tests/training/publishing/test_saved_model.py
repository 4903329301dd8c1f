"""The exported SavedModel, read without the code that wrote it."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import prediction_log_pb2

from training.networks.building import network_to_fit, network_to_serve
from training.publishing.saved_model import write_saved_model
from training.recipe import Recipe

CARD = {
    "name": "clothing",
    "labels": [f"Etikett {number} — ярлык" for number in range(10)],
    "preparation": "garment/1",
    "metrics": {"test": {"accuracy": 0.5}},
}
PHOTOS = np.random.default_rng(0).integers(0, 256, (5, 28, 28, 1), np.uint8)


@pytest.fixture
def network(tiny_recipe: Recipe) -> keras.Model:
    return network_to_serve(tiny_recipe, network_to_fit(tiny_recipe, 10))


@pytest.fixture
def folder(network: keras.Model, tmp_path: Path) -> Path:
    folder = tmp_path / "exported"
    folder.mkdir()
    write_saved_model(network, CARD, folder)
    return folder


def graph_of(folder: Path) -> Any:
    """Return the one meta graph of a SavedModel."""
    model = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    assert len(model.meta_graphs) == 1
    return model.meta_graphs[0]


def described(tensors: Any) -> dict[str, tuple[int, list[int]]]:
    return {
        name: (tensor.dtype, [dimension.size for dimension in tensor.tensor_shape.dim])
        for name, tensor in tensors.items()
    }


def test_the_signatures_match_the_contract(folder: Path) -> None:
    signatures = graph_of(folder).signature_def

    assert set(signatures) == {"serving_default", "explain", "describe", "__saved_model_init_op"}
    image = {"image": (tf.uint8.as_datatype_enum, [-1, 28, 28, 1])}
    text = tf.string.as_datatype_enum
    classify, describe = signatures["serving_default"], signatures["describe"]
    explain = signatures["explain"]
    assert described(classify.inputs) == described(describe.inputs) == image
    assert described(explain.inputs) == image
    assert described(explain.outputs) == {"heat": (tf.float32.as_datatype_enum, [-1, 7, 7])}
    assert described(classify.outputs) == {"probabilities": (tf.float32.as_datatype_enum, [-1, 10])}
    assert described(describe.outputs) == {
        "labels": (text, [-1, 10]),
        "preparation": (text, [-1]),
        "card": (text, [-1]),
    }


@pytest.mark.parametrize("batch", [1, 5])
def test_a_session_like_that_of_tensorflow_serving_gives_the_same_results(
    folder: Path, network: keras.Model, batch: int
) -> None:
    photos = PHOTOS[:batch]
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        loaded = tf.compat.v1.saved_model.load(session, ["serve"], str(folder))
        results: dict[str, np.ndarray] = {}
        for name in ("serving_default", "describe"):
            signature = loaded.signature_def[name]
            outputs = {key: tensor.name for key, tensor in signature.outputs.items()}
            results |= session.run(outputs, {signature.inputs["image"].name: photos})

    expected = network.predict_on_batch(photos)
    assert np.allclose(results["probabilities"], expected, atol=1e-6)
    assert results["probabilities"].shape == (batch, 10)
    assert [[label.decode() for label in row] for row in results["labels"]] == (
        [CARD["labels"]] * batch
    )
    assert [text.decode() for text in results["preparation"]] == ["garment/1"] * batch
    assert [json.loads(text) for text in results["card"]] == [CARD] * batch


def test_the_report_is_a_signature_of_its_own(network: keras.Model, tmp_path: Path) -> None:
    page = "<!doctype html><title>Отчёт</title>" + "".join(map(str, range(100_000)))
    write_saved_model(network, CARD, tmp_path, report=page)

    report = tf.saved_model.load(str(tmp_path)).signatures["report"]
    found = report(image=tf.constant(PHOTOS))["report"].numpy().tolist()
    assert [gzip.decompress(each).decode() for each in found] == [page] * len(PHOTOS)
    assert (tmp_path / "saved_model.pb").stat().st_size < 200_000 + len(found[0]), "stored once"


def test_the_model_card_is_next_to_the_model(folder: Path) -> None:
    text = (folder / "assets.extra" / "model_card.json").read_text("utf-8")

    assert json.loads(text) == CARD
    assert "ярлык" in text


def test_warm_up_records_cover_all_signatures_at_two_batch_sizes(folder: Path) -> None:
    path = folder / "assets.extra" / "tf_serving_warmup_requests"
    records = [
        prediction_log_pb2.PredictionLog.FromString(record)
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()
    ]

    requests = [record.predict_log.request for record in records]
    shapes = [tf.make_ndarray(request.inputs["image"]).shape for request in requests]
    signatures = [request.model_spec.signature_name for request in requests]
    assert {request.model_spec.name for request in requests} == {"clothing"}
    assert {request.inputs["image"].dtype for request in requests} == {tf.uint8.as_datatype_enum}
    assert set(zip(signatures, shapes, strict=True)) == {
        (signature, (batch, 28, 28, 1))
        for signature in ("serving_default", "explain", "describe")
        for batch in (1, 8)
    }


def test_the_graph_contains_no_paths_of_this_machine(folder: Path, tmp_path: Path) -> None:
    content = (folder / "saved_model.pb").read_bytes()

    for pattern in (rb"/(home|root|tmp|usr|work|opt|var)/", rb"\w\.py\b", rb"site-packages"):
        assert re.search(pattern, content) is None, pattern
    assert str(tmp_path).encode() not in content
    assert not (folder / "debug").exists()


def test_only_weights_are_stored_and_each_once(folder: Path, network: keras.Model) -> None:
    stored = tf.train.list_variables(str(folder / "variables" / "variables"))

    shapes = sorted(tuple(shape) for name, shape in stored if not name.startswith("_CHECKPOINT"))
    assert shapes == sorted(tuple(weight.shape) for weight in network.weights)
    assert (folder / "saved_model.pb").stat().st_size < 200_000


def test_stock_tensorflow_serving_knows_every_operation(folder: Path) -> None:
    """No operations of XLA or Python, no grouped convolutions."""
    library = graph_of(folder).graph_def.library
    nodes = [node for function in library.function for node in function.node_def]

    kinds = {node.op for node in nodes}
    assert not {kind for kind in kinds if "Xla" in kind or "PyFunc" in kind}
    flags = [key for function in library.function for key in function.attr]
    assert "_XlaMustCompile" not in flags
    for node in nodes:
        if node.op == "Conv2D":
            assert "group" not in str(node.attr)
