"""One signature of a loaded version, run on arrays."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.config_pb2 import CallableOptions
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef, TensorInfo

from serving.model_server import errors
from serving.model_server.tensors import Array, Arrays, type_name

_MAX_COMPUTATIONS = 64  # of one signature, one for each choice of outputs


class SignatureRunner:
    """Runs one signature; any number of threads may call it at once.

    Attributes:
        definition: the signature as the SavedModel has it.
    """

    def __init__(self, session: tf.compat.v1.Session, definition: SignatureDef) -> None:
        self.definition = definition
        # TensorFlow numbers the arguments by the names of the tensors that they feed.
        infos = sorted(definition.inputs.items(), key=lambda item: str(item[1].name))
        self._inputs = [_Input(index, alias, info) for index, (alias, info) in enumerate(infos)]
        feeds = tuple(info.name for _, info in infos)
        # Not a method: a reference back to this object would keep its session from being freed.
        prepare = partial(_computation, session, feeds, definition)
        self._computation = lru_cache(_MAX_COMPUTATIONS)(prepare)

    def check(self, arrays: Arrays) -> None:
        """Check one array for each input of the signature, by the input's name.

        Raises:
            ServingError: an array has the wrong type or shape.
        """
        for wanted in self._inputs:
            wanted.check(arrays[wanted.alias])

    def compute(self, arrays: Arrays, outputs: Sequence[str]) -> list[Array]:
        """Compute outputs, each named at most once, from inputs that ``check`` has accepted.

        Some other inputs would crash TensorFlow, and the process with it.

        Raises:
            ServingError: TensorFlow failed; with its code and message.
        """
        ordered = (arrays[wanted.alias] for wanted in self._inputs)
        try:
            return self._computation(tuple(outputs))(*ordered)
        except tf.errors.OpError as error:
            raise errors.from_number(error.error_code, error.message) from error


class _Input:
    """Type and shape of one input of a signature."""

    def __init__(self, index: int, alias: str, info: TensorInfo) -> None:
        self.alias = alias
        self._index = index
        self._type = info.dtype
        self._dtype = np.dtype(tf.as_dtype(info.dtype).as_numpy_dtype)
        shape = info.tensor_shape
        # -1 for any size; None for any rank.
        self._shape = None if shape.unknown_rank else tuple(dim.size for dim in shape.dim)

    def check(self, array: Array) -> None:
        if array.dtype != self._dtype:
            sent = type_name(tf.as_dtype(array.dtype).as_datatype_enum)
            raise errors.invalid(
                f"Expects arg[{self._index}] to be {type_name(self._type)} but {sent} is provided"
            )
        if self._shape is None:
            return
        if len(array.shape) != len(self._shape) or any(
            wanted not in (-1, size) for size, wanted in zip(array.shape, self._shape, strict=True)
        ):
            # TensorFlow Serving does not check: a wrong height ends with the kernel's message, a
            # wrong rank crashes its process. So only the code is the same.
            wanted, sent = (",".join(map(str, shape)) for shape in (self._shape, array.shape))
            raise errors.invalid(
                f"Expects {self.alias} to have the shape [{wanted}] but [{sent}] is provided"
            )


def _computation(
    session: tf.compat.v1.Session,
    feeds: tuple[str, ...],
    definition: SignatureDef,
    outputs: tuple[str, ...],
) -> Callable[..., list[Array]]:
    infos = [definition.outputs[alias] for alias in outputs]
    options = CallableOptions(feed=feeds, fetch=[info.name for info in infos])
    # Session.run, the public way, resolves every feed and fetch again in each call: a tiny
    # model takes 551 microseconds then, not 153. TensorFlow is pinned to one release.
    call = session._make_callable_from_options(options)
    dtypes = [np.dtype(tf.as_dtype(info.dtype).as_numpy_dtype) for info in infos]

    def compute(*arrays: Array) -> list[Array]:
        # Scalars are returned as plain values, and NumPy would cut zero bytes off a string.
        results = zip(call(*arrays), dtypes, strict=True)
        return [np.asarray(result, dtype) for result, dtype in results]

    return compute
