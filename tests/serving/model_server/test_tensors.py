"""TensorProto to NumPy and back, compared with TensorFlow's own conversions."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.framework.tensor_pb2 import TensorProto

from serving.model_server import tensors

ARRAYS: list[Any] = [
    np.array([[True, False]]),
    np.array([1.5, -2], np.float16),
    np.array([[1.5], [-2]], np.float32),
    np.array(2.5, np.float64),
    np.array([-3, 3], np.int8),
    np.array([-300, 3], np.int16),
    np.array([-3, 2**31 - 1], np.int32),
    np.array([-3, 2**63 - 1], np.int64),
    np.array([[[0, 255]]], np.uint8),
    np.array([0, 2**16 - 1], np.uint16),
    np.array([0, 2**32 - 1], np.uint32),
    np.array([0, 2**64 - 1], np.uint64),
    np.array([1 + 2j, -3], np.complex64),
    np.array([1 + 2j, -3], np.complex128),
    np.array([1.5, -2], tf.bfloat16.as_numpy_dtype),
    np.zeros((0, 3), np.float32),
]


def dtype_of(array: Any) -> int:
    number: int = tf.as_dtype(array.dtype).as_datatype_enum
    return number


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}")
def test_there_and_back(array: Any) -> None:
    proto = TensorProto()
    tensors.fill(proto, array, dtype_of(array))
    assert not proto.tensor_content
    for read in (tensors.to_array(proto), tf.make_ndarray(proto)):
        assert (read.dtype, read.shape) == (array.dtype, array.shape)
        np.testing.assert_array_equal(read, array)


@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: f"{array.dtype}")
def test_reads_what_tensorflow_writes(array: Any) -> None:
    read = tensors.to_array(tf.make_tensor_proto(array))
    assert (read.dtype, read.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(read, array)


def test_strings_keep_their_bytes() -> None:
    array = np.array([[b"a\0", b""], [b"\xff", b"long" * 100]], object)
    proto = TensorProto()
    tensors.fill(proto, array, types_pb2.DT_STRING)
    assert list(proto.string_val) == array.ravel().tolist()
    read = tensors.to_array(proto)
    assert read.dtype == object
    assert read.tolist() == array.tolist()


def test_a_scalar_string_is_an_array_of_bytes() -> None:
    read = tensors.to_array(TensorProto(dtype=types_pb2.DT_STRING, string_val=[b"a\0"]))
    assert (read.shape, read.item()) == ((), b"a\0")


def proto(sizes: list[int], dtype: int = types_pb2.DT_FLOAT, **fields: Any) -> TensorProto:
    made = TensorProto(dtype=dtype, **fields)
    for size in sizes:
        made.tensor_shape.dim.add(size=size)
    return made


@pytest.mark.parametrize(
    ("given", "expected"),
    [([2.0], [2, 2, 2]), ([], [0, 0, 0]), ([1.0, 2.0], [1, 2, 2]), ([1.0, 2, 3, 4], [1, 2, 3])],
)
def test_typed_fields_are_repeated_or_cut_as_tensorflow_does(
    given: list[float], expected: list[float]
) -> None:
    assert tensors.to_array(proto([3], float_val=given)).tolist() == expected


def test_a_tensor_without_elements_needs_no_content() -> None:
    for empty in (proto([2, 0]), proto([2, 0], tensor_content=b"1234")):
        assert tensors.to_array(empty).shape == (2, 0)


def test_a_scalar_has_a_shape_without_dimensions() -> None:
    made = TensorProto()
    tensors.fill(made, np.array(1.5, np.float32), types_pb2.DT_FLOAT)
    assert made.HasField("tensor_shape")
    assert not made.tensor_shape.dim


@pytest.mark.parametrize(
    "broken",
    [
        proto([2], tensor_content=b"123"),
        proto([1], tensor_content=b"12345678"),
        proto([-1], tensor_content=b"1234"),
        proto([-1], float_val=[1.0]),
        proto([2], types_pb2.DT_INVALID),
        proto([2], 999),
        proto([2], types_pb2.DT_FLOAT_REF, float_val=[1.0]),
        proto([2**40, 2**40]),
    ],
)
def test_refuses_what_is_no_tensor(broken: TensorProto) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        tensors.to_array(broken)


def test_names_types_as_tensorflow_does() -> None:
    numbers = (types_pb2.DT_UINT8, types_pb2.DT_FLOAT, types_pb2.DT_DOUBLE, types_pb2.DT_STRING)
    assert [tensors.type_name(number) for number in numbers] == [
        "uint8",
        "float",
        "double",
        "string",
    ]
