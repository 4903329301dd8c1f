"""A signature that computes only when it is let, and calls of it in threads."""

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc
import numpy as np
import pytest
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef

from serving.model_server import errors
from serving.model_server.batching import BatchedRunner
from serving.model_server.errors import ServingError
from serving.model_server.signatures import SignatureRunner
from serving.model_server.tensors import Array
from tests.serving.model_server.tiny import SECONDS

BAD = 255


class Doubling(SignatureRunner):
    """Doubles numbers [rows, columns], and writes down what it computed and when."""

    def __init__(self, **outputs: Sequence[int]) -> None:
        self.definition = SignatureDef()
        _set_shape(self.definition.inputs["image"], (-1, -1))
        for alias, shape in ({"double": (-1, -1)} | outputs).items():
            _set_shape(self.definition.outputs[alias], shape)
        self.batches: list[list[int]] = []
        self.begun = threading.Semaphore(0)
        self.gate = threading.Event()

    def check(self, arrays: Mapping[str, Array]) -> None:
        if arrays["image"].dtype != np.uint8:
            raise errors.invalid("Expects arg[0] to be uint8 but other is provided")

    def compute(self, arrays: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        image = arrays["image"]
        self.batches.append(image[:, 0].tolist())
        self.begun.release()
        assert self.gate.wait(SECONDS)
        if (image == BAD).any():
            raise ServingError(grpc.StatusCode.INVALID_ARGUMENT, "a bad number")
        results = {"double": image.astype(int) * 2, "sum": image.sum(), "first": image[:1]}
        return [results[alias] for alias in outputs]

    def wait_until_begun(self) -> None:
        assert self.begun.acquire(timeout=SECONDS)


def _set_shape(info: Any, shape: Sequence[int]) -> None:
    info.tensor_shape.SetInParent()
    for size in shape:
        info.tensor_shape.dim.add(size=size)


class Caller:
    """One call in a thread of its own."""

    def __init__(
        self,
        pool: ThreadPoolExecutor,
        runner: BatchedRunner,
        numbers: Sequence[int],
        outputs: Sequence[str] = ("double",),
        columns: int = 2,
        seconds: float = SECONDS,
    ) -> None:
        self.seconds = seconds
        self.queued = threading.Event()
        self.numbers = np.repeat(np.array(numbers, np.uint8)[:, None], columns, axis=1)
        arguments = ({"image": self.numbers}, outputs, self.remaining_time)
        self.answer: Future[list[Array]] = pool.submit(runner.run, *arguments)

    def remaining_time(self) -> float:
        self.queued.set()  # First called when the call is in the queue.
        return self.seconds

    def wait_until_queued(self) -> "Caller":
        assert self.queued.wait(SECONDS)
        return self

    def doubled(self) -> bool:
        (result,) = self.answer.result(SECONDS)
        return bool(np.array_equal(result, self.numbers.astype(int) * 2))

    def refusal(self) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(ServingError) as caught:
            self.answer.result(SECONDS)
        return caught.value.code, caught.value.message
