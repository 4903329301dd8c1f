"""Replay of recorded requests before a version takes traffic."""

from collections.abc import Callable
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from serving.model_server.errors import ServingError
from serving.model_server.options import DEFAULT_BATCHING
from serving.model_server.servable import Servable, load
from serving.model_server.warmup import warm_up
from tests.serving.model_server.tiny import images, predict_request, write_warmup


@pytest.fixture
def loaded(publish: Callable[..., Path]) -> tuple[Servable, Path]:
    path = publish(1)
    return load("m", 1, path, DEFAULT_BATCHING), path


def write_records(path: Path, *records: bytes) -> None:
    file = write_warmup(path, [])
    with tf.io.TFRecordWriter(str(file)) as writer:
        for record in records:
            writer.write(record)


def test_without_records_there_is_nothing_to_do(loaded: tuple[Servable, Path]) -> None:
    assert warm_up(*loaded) == 0


def test_runs_every_record_whatever_model_it_names(loaded: tuple[Servable, Path]) -> None:
    servable, path = loaded
    requests = [
        predict_request(name="other", version=9),
        predict_request(images(4), signature_name="describe"),
    ]
    write_warmup(path, requests)
    assert warm_up(servable, path) == 2


def test_the_last_of_many_bad_records_counts(loaded: tuple[Servable, Path]) -> None:
    servable, path = loaded
    write_warmup(path, [predict_request(), predict_request(images().astype(np.float32))])
    with pytest.raises(ServingError, match="to be uint8 but float") as caught:
        warm_up(servable, path)
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT


def test_a_record_of_another_call_is_refused(loaded: tuple[Servable, Path]) -> None:
    servable, path = loaded
    log = PredictionLog()
    log.classify_log.request.model_spec.name = "m"
    write_records(path, log.SerializeToString())
    with pytest.raises(ServingError, match="Unsupported log_type for warmup: classify_log"):
        warm_up(servable, path)


def test_a_record_that_is_no_log_is_refused(loaded: tuple[Servable, Path]) -> None:
    servable, path = loaded
    write_records(path, b"\xff\xff")
    with pytest.raises(ServingError, match="Failed to parse warmup record"):
        warm_up(servable, path)


def test_a_file_that_is_no_tfrecord_is_refused(loaded: tuple[Servable, Path]) -> None:
    servable, path = loaded
    write_warmup(path, []).write_bytes(b"just some text, longer than a record's header")
    with pytest.raises(ServingError, match="corrupted record") as caught:
        warm_up(servable, path)
    assert caught.value.code == grpc.StatusCode.DATA_LOSS


def test_a_thousand_records_are_the_most(loaded: tuple[Servable, Path]) -> None:
    servable, path = loaded
    empty = PredictionLog().SerializeToString()
    write_records(path, *[empty] * 1000)
    assert warm_up(servable, path) == 1000
    write_records(path, *[empty] * 1001)
    with pytest.raises(ServingError, match="exceeds the maximum"):
        warm_up(servable, path)
