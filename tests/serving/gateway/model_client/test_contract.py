"""Answers that do not keep contract 1 make a model not ready, and say what is wrong."""

import gzip
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from serving import protos
from serving.gateway.model_client.contract import (
    MAX_REPORT_BYTES,
    read_description,
    read_heat,
    read_prediction,
    read_report,
)
from serving.gateway.model_client.model_ref import ModelRef
from serving.http_errors import ModelNotReady

REF = ModelRef("clothing", version=3)
SHAPE = (28, 28, 1)


def prediction() -> Any:
    answer = protos.PredictResponse()
    tensor = answer.outputs["probabilities"]
    tensor.dtype = protos.DT_FLOAT
    tensor.float_val.extend([0.25, 0.75, 0.5, 0.5])
    for size in (2, 2):
        tensor.tensor_shape.dim.add(size=size)
    return answer


def description() -> Any:
    answer = protos.PredictResponse()
    outputs = {"labels": [b"cat", b"dog"], "preparation": [b"squash/1"], "card": [b'{"a": 1}']}
    for name, values in outputs.items():
        answer.outputs[name].dtype = protos.DT_STRING
        answer.outputs[name].string_val.extend(values)
    return answer


def heat(values: list[float], *shape: int) -> Any:
    answer = protos.PredictResponse()
    tensor = answer.outputs["heat"]
    tensor.dtype = protos.DT_FLOAT
    tensor.float_val.extend(values)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    return answer


def test_heat_maps_are_read() -> None:
    read = read_heat(heat([0, 0.5, 0.25, 1], 2, 1, 2), REF, 2)
    np.testing.assert_array_equal(read, [[[0, 0.5]], [[0.25, 1]]])


@pytest.mark.parametrize(
    "answer",
    [
        heat([0, 1], 1, 1, 2),
        heat([0, 1], 2, 1),
        heat([], 2, 0, 3),
        heat([0, 1], 2, 1, 3),
        heat([0, 1.5], 2, 1, 1),
        heat([0, -0.5], 2, 1, 1),
        heat([0, float("nan")], 2, 1, 1),
        prediction(),
    ],
)
def test_broken_heat_maps_are_not_ready(answer: Any) -> None:
    with pytest.raises(ModelNotReady, match="output heat"):
        read_heat(answer, REF, 2)


def report(*values: bytes) -> Any:
    answer = protos.PredictResponse()
    answer.outputs["report"].string_val.extend(values)
    return answer


def test_reports_are_read() -> None:
    assert read_report(report(gzip.compress(b"<p>")), REF) == b"<p>"


@pytest.mark.parametrize(
    "values",
    [
        (),
        (b"<p>",),
        (gzip.compress(b"<p>")[:-1],),
        (gzip.compress(bytes(MAX_REPORT_BYTES + 1)),),
    ],
)
def test_broken_reports_are_not_ready(values: tuple[bytes, ...]) -> None:
    with pytest.raises(ModelNotReady, match="report"):
        read_report(report(*values), REF)


def add_recognized(answer: Any, values: list[bool]) -> None:
    tensor = answer.outputs["recognized"]
    tensor.dtype = protos.DT_BOOL
    tensor.bool_val.extend(values)
    tensor.tensor_shape.dim.add(size=len(values))


def test_good_answers_are_read() -> None:
    answer = prediction()
    add_recognized(answer, [True, False])
    read = read_prediction(answer, REF, 2)
    np.testing.assert_array_equal(read.probabilities, [[0.25, 0.75], [0.5, 0.5]])
    assert read.recognized is not None
    assert read.recognized.tolist() == [True, False]
    described = read_description(description(), REF, SHAPE)
    assert (described.version, described.labels, described.card) == (3, ("cat", "dog"), {"a": 1})


def test_tensor_content_is_read_too() -> None:
    answer = prediction()
    tensor = answer.outputs["probabilities"]
    tensor.tensor_content = np.array(tensor.float_val, np.float32).tobytes()
    del tensor.float_val[:]
    read = read_prediction(answer, REF, 2)
    np.testing.assert_array_equal(read.probabilities, [[0.25, 0.75], [0.5, 0.5]])


BROKEN_PREDICTIONS: dict[str, Callable[[Any], Any]] = {
    "missing": lambda answer: answer.outputs.pop("probabilities"),
    "another dtype": lambda answer: setattr(answer.outputs["probabilities"], "dtype", 2),
    "too few values": lambda answer: answer.outputs["probabilities"].float_val.pop(),
    "torn content": lambda answer: setattr(
        answer.outputs["probabilities"], "tensor_content", b"abc"
    ),
    "one row too few": lambda answer: setattr(
        answer.outputs["probabilities"].tensor_shape.dim[0], "size", 1
    ),
    "recognized of another length": lambda answer: add_recognized(answer, [True]),
}
BROKEN_DESCRIPTIONS: dict[str, Callable[[Any], Any]] = {
    "no labels": lambda answer: answer.outputs.pop("labels"),
    "no preparation": lambda answer: answer.outputs.pop("preparation"),
    "no card": lambda answer: answer.outputs.pop("card"),
    "a label twice": lambda answer: answer.outputs["labels"].string_val.append(b"cat"),
    "labels not UTF-8": lambda answer: answer.outputs["labels"].string_val.append(b"\xff"),
    "card no JSON": lambda answer: _card(answer, b"{"),
    "card no object": lambda answer: _card(answer, b"[]"),
    "card with NaN": lambda answer: _card(answer, b'{"a": NaN}'),
    "card with half a surrogate pair": lambda answer: _card(answer, b'{"a": "\\ud800"}'),
    "card of 300 levels": lambda answer: _card(answer, b'{"a":' * 300 + b"1" + b"}" * 300),
    "card without a bottom": lambda answer: _card(answer, b'{"a":' * 100_000),
}


def _card(answer: Any, text: bytes) -> None:
    answer.outputs["card"].string_val[0] = text


@pytest.mark.parametrize("fault", BROKEN_PREDICTIONS)
def test_a_broken_prediction_is_not_ready(fault: str) -> None:
    answer = prediction()
    BROKEN_PREDICTIONS[fault](answer)
    with pytest.raises(ModelNotReady, match="clothing, version 3 can't be served"):
        read_prediction(answer, REF, 2)


@pytest.mark.parametrize("fault", BROKEN_DESCRIPTIONS)
def test_a_broken_description_is_not_ready(fault: str) -> None:
    answer = description()
    BROKEN_DESCRIPTIONS[fault](answer)
    with pytest.raises(ModelNotReady, match="can't be served"):
        read_description(answer, REF, SHAPE)
