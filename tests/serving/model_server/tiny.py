"""A tiny SavedModel, folders of its versions, and a model server over them."""

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import grpc
import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from serving.model_server.grpc_server import Server
from serving.model_server.manager import Manager

SECONDS = 30.0  # Within which everything here must happen.
SHAPE = (28, 28, 1)


def export(folder: Path) -> keras.Model:
    """Write a SavedModel with the project's two signatures and one of many types.

    Returns:
        The model in memory, to compare with.
    """
    keras.utils.set_random_seed(7)
    layers: list[Any] = [
        keras.Input(SHAPE, dtype="uint8"),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Conv2D(4, 3, strides=3, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(3, activation="softmax"),
    ]
    model = keras.Sequential(layers)
    archive = keras.export.ExportArchive()
    archive.track(model)
    image = [tf.TensorSpec((None, *SHAPE), tf.uint8, name="image")]
    archive.add_endpoint("serving_default", lambda image: {"probabilities": model(image)}, image)
    archive.add_endpoint("describe", _describe, image)
    types = [
        tf.TensorSpec((None,), tf.string, name="words"),
        tf.TensorSpec((), tf.int64, name="number"),
    ]
    archive.add_endpoint("types", _types, types)
    archive.write_out(str(folder), verbose=False)
    return model


def _describe(image: Any) -> dict[str, Any]:
    batch = tf.shape(image)[0]
    return {
        "labels": tf.tile(tf.constant([["a", "b", "c\0"]]), [batch, 1]),
        "preparation": tf.fill([batch], "garment/1"),
        "card": tf.fill([batch], "{}"),
    }


def _types(words: Any, number: Any) -> dict[str, Any]:
    return {
        "words": tf.strings.upper(words),
        "first": words[0],
        "number": number + 1,
        "half": tf.cast(number, tf.float16),
        "truth": tf.equal([number, number + 1], 5),
    }


def publish(exported: Path, base: Path, version: int) -> Path:
    """Put a copy of the exported model into a model's folder, in one step."""
    aside = base / f".{version}"
    shutil.copytree(exported, aside)
    return aside.rename(base / str(version))


def publish_broken(base: Path, version: int) -> Path:
    """Put a version into a model's folder that cannot be loaded."""
    aside = base / f".{version}"
    aside.mkdir(parents=True)
    (aside / "saved_model.pb").write_bytes(b"no such thing")
    return aside.rename(base / str(version))


def write_warmup(version: Path, requests: Iterable[PredictRequest]) -> Path:
    """Record requests in a version's folder, as its publisher does."""
    file = version / "assets.extra" / "tf_serving_warmup_requests"
    file.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for request in requests:
            log = PredictionLog()
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString())
    return file


def images(count: int = 1, shape: tuple[int, ...] = SHAPE) -> NDArray[np.uint8]:
    """Return images that differ, uint8 [count, *shape]."""
    return np.random.default_rng(3).integers(0, 255, (count, *shape), np.uint8)


def predict_request(
    pixels: NDArray[Any] | None = None, name: str = "m", **spec: Any
) -> PredictRequest:
    """Return a request as the gateway makes it: pixels in tensor_content."""
    request = PredictRequest(model_spec=model_spec(name, **spec))
    pixels = images() if pixels is None else pixels
    tensor = request.inputs["image"]
    tensor.dtype = tf.as_dtype(pixels.dtype).as_datatype_enum
    for size in pixels.shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = pixels.tobytes()
    return request


def model_spec(name: str = "m", *, version: int | None = None, **fields: str) -> ModelSpec:
    """Return what names a model; fields are version_label and signature_name."""
    spec = ModelSpec(name=name, **fields)
    if version is not None:
        spec.version.value = version
    return spec


class Clock:
    """Time that passes when a test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


class Client:
    """Calls the server through the official stubs."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.prediction = PredictionServiceStub(channel)
        self.model = ModelServiceStub(channel)

    def predict(self, request: PredictRequest | None = None, **spec: Any) -> PredictResponse:
        request = predict_request(**spec) if request is None else request
        return self.prediction.Predict(request, timeout=SECONDS)

    def metadata(self, *fields: str, **spec: Any) -> Any:
        request = GetModelMetadataRequest(model_spec=model_spec(**spec), metadata_field=fields)
        return self.prediction.GetModelMetadata(request, timeout=SECONDS)

    def states(self, **spec: Any) -> list[tuple[int, str, int]]:
        """Return number, state and error code of each version, in the server's order."""
        return [
            (status.version, ModelVersionStatus.State.Name(status.state), status.status.error_code)
            for status in self.status(**spec).model_version_status
        ]

    def status(self, **spec: Any) -> Any:
        request = GetModelStatusRequest(model_spec=model_spec(**spec))
        return self.model.GetModelStatus(request, timeout=SECONDS)


@contextlib.contextmanager
def serving(manager: Manager) -> Iterator[Client]:
    """Run a gRPC server over a manager, which the test polls itself."""
    server = Server(manager, "127.0.0.1", 0, max_threads=8)
    try:
        with grpc.insecure_channel(server.address) as channel:
            yield Client(channel)
    finally:
        server.stop(grace_seconds=SECONDS)


def answering(client: Client, **spec: int | str) -> int:
    """Return the version that answers."""
    version: int = client.predict(**spec).model_spec.version.value
    return version


def available(client: Client) -> list[int]:
    """Return the versions that serve, newest first."""
    return [version for version, state, _ in client.states() if state == "AVAILABLE"]


def refusal(client: Client, **spec: int | str) -> tuple[grpc.StatusCode, str]:
    """Return code and message of a prediction that must fail."""
    with pytest.raises(grpc.RpcError) as caught:
        client.predict(**spec)
    return caught.value.code(), caught.value.details()


def gone(version: int | None) -> tuple[grpc.StatusCode, str]:
    which = "Latest(m)" if version is None else f"Specific(m, {version})"
    return grpc.StatusCode.NOT_FOUND, f"Servable not found for request: {which}"


def lines(caplog: pytest.LogCaptureFixture, part: str) -> list[str]:
    return [record.getMessage() for record in caplog.records if part in record.getMessage()]
