"""Convert between TensorProto and NumPy arrays, with TensorFlow Serving's checks.

Requests have an element type, a shape and either ``tensor_content`` (the elements' bytes, row after
row) or a typed field such as ``float_val``. Responses use typed fields, TensorFlow Serving's
default.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import types_pb2
from tensorflow.core.framework.tensor_pb2 import TensorProto

Array = NDArray[Any]
Arrays = Mapping[str, Array]  # of the inputs of a signature, by their names

# Types whose elements have a fixed size and a NumPy type of the same name.
_PLAIN_NAMES = "bool float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64"
_PLAIN_TYPES = {
    tf.as_dtype(name).as_datatype_enum: np.dtype(name).newbyteorder("<")
    for name in _PLAIN_NAMES.split()
}

_FIELDS = {
    tf.as_dtype(name).as_datatype_enum: field
    for field, names in {
        "bool_val": "bool",
        "double_val": "float64",
        "float_val": "float32",
        "half_val": "float16 bfloat16",
        "int_val": "int8 int16 int32 uint8 uint16",
        "int64_val": "int64",
        "scomplex_val": "complex64",
        "dcomplex_val": "complex128",
        "string_val": "string",
        "uint32_val": "uint32",
        "uint64_val": "uint64",
    }.items()
    for name in names.split()
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
    field = _FIELDS.get(dtype)
    if field is None:
        proto.tensor_content = array.tobytes()
        return
    elements = array.ravel()
    if field == "half_val":  # The bits as integers.
        elements = elements.view(np.uint16)
    elif np.iscomplexobj(elements):  # Real and imaginary parts in turn.
        elements = elements.view(elements.real.dtype)
    getattr(proto, field).extend(elements.tolist())
