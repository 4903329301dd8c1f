"""Convert between TensorProto and NumPy arrays, with TensorFlow Serving's checks.

Requests have an element type, a shape and either ``tensor_content`` (the elements' bytes, row after
row) or a typed field such as ``float_val``. Responses use typed fields, TensorFlow Serving's
default.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import types_pb2
from tensorflow.core.framework.tensor_pb2 import TensorProto

Array = NDArray[Any]

# Types whose elements have a fixed size and a NumPy type of their own.
_PLAIN_TYPES = {
    getattr(types_pb2, f"DT_{name}"): np.dtype(dtype).newbyteorder("<")
    for name, dtype in {
        "BOOL": np.bool_,
        "DOUBLE": np.float64,
        "FLOAT": np.float32,
        "HALF": np.float16,
        "INT8": np.int8,
        "INT16": np.int16,
        "INT32": np.int32,
        "INT64": np.int64,
        "UINT8": np.uint8,
        "UINT16": np.uint16,
        "UINT32": np.uint32,
        "UINT64": np.uint64,
    }.items()
}


def type_name(dtype: int) -> str:
    """Return TensorFlow's name for a ``DataType``: ``uint8``, ``float``, ``string``."""
    name: str = types_pb2.DataType.Name(dtype)
    return name.removeprefix("DT_").lower()


def to_array(proto: TensorProto) -> Array:
    """Return the tensor in ``proto``.

    Returns:
        An array that may be read-only and share memory with the message. Strings are an object
        array of ``bytes``.

    Raises:
        ValueError: type, shape and elements do not fit together.
    """
    dtype = _PLAIN_TYPES.get(proto.dtype)
    content: bytes = proto.tensor_content  # Reading the field copies it: only once.
    shape = tuple(dim.size for dim in proto.tensor_shape.dim)
    if (
        dtype is not None
        and content
        and min(shape, default=0) >= 0
        and len(content) == math.prod(shape) * dtype.itemsize
    ):
        return np.frombuffer(content, dtype).reshape(shape)
    return _parsed_by_tensorflow(proto)


def _parsed_by_tensorflow(proto: TensorProto) -> Array:
    """Parse a tensor that is not simply the right number of bytes."""
    try:
        dtype = tf.as_dtype(proto.dtype)
        array: Array = tf.io.parse_tensor(proto.SerializeToString(), dtype).numpy()
    except (TypeError, tf.errors.OpError) as error:
        raise ValueError(str(error)) from error
    return np.asarray(array, dtype=object if dtype == tf.string else None)


def fill(proto: TensorProto, array: Array, dtype: int) -> None:
    """Write an array into an empty message, elements in the typed field of ``dtype``.

    Args:
        proto: the message to fill.
        array: its elements, in the NumPy type that TensorFlow has for ``dtype``.
        dtype: the ``DataType`` to declare.
    """
    proto.dtype = dtype
    proto.tensor_shape.SetInParent()  # Present for a scalar too, without dimensions.
    for size in array.shape:
        proto.tensor_shape.dim.add(size=size)
    field, to_elements = _FIELDS.get(dtype, (None, _unchanged))
    if field is None:
        proto.tensor_content = array.tobytes()
    else:
        getattr(proto, field).extend(to_elements(array.ravel()).tolist())


def _unchanged(elements: Array) -> Array:
    return elements


def _bits(elements: Array) -> Array:
    """Return the bits of 16-bit floats as integers."""
    return elements.view(np.uint16)


def _real_and_imaginary(elements: Array) -> Array:
    return elements.view(elements.real.dtype)


_FIELDS: dict[int, tuple[str, Callable[[Array], Array]]] = {
    types_pb2.DT_BFLOAT16: ("half_val", _bits),
    types_pb2.DT_BOOL: ("bool_val", _unchanged),
    types_pb2.DT_COMPLEX64: ("scomplex_val", _real_and_imaginary),
    types_pb2.DT_COMPLEX128: ("dcomplex_val", _real_and_imaginary),
    types_pb2.DT_DOUBLE: ("double_val", _unchanged),
    types_pb2.DT_FLOAT: ("float_val", _unchanged),
    types_pb2.DT_HALF: ("half_val", _bits),
    types_pb2.DT_INT8: ("int_val", _unchanged),
    types_pb2.DT_INT16: ("int_val", _unchanged),
    types_pb2.DT_INT32: ("int_val", _unchanged),
    types_pb2.DT_INT64: ("int64_val", _unchanged),
    types_pb2.DT_STRING: ("string_val", _unchanged),
    types_pb2.DT_UINT8: ("int_val", _unchanged),
    types_pb2.DT_UINT16: ("int_val", _unchanged),
    types_pb2.DT_UINT32: ("uint32_val", _unchanged),
    types_pb2.DT_UINT64: ("uint64_val", _unchanged),
}
