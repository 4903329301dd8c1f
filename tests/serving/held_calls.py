"""Requests that share calls to a model server, which a test holds and lets go."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from serving.deadline import Deadline
from serving.gateway.inference.joined_calls import JoinedCalls
from serving.gateway.model_client.contract import Prediction
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.tracing import Trace
from serving.http_errors import DeadlineExceeded

MODEL = ModelRef("clothing")


class Source:
    """Returns each photo's first value as its probability; a test holds calls and lets them go."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.refs: list[ModelRef] = []
        self.free = threading.Semaphore(0)
        self.held = threading.Semaphore(0)
        self.answer: Callable[[np.ndarray], None] = lambda pixels: None

    def made(self, calls: int) -> list[list[int]]:
        """Wait until so many calls have been made; return all, sorted."""
        end = time.monotonic() + 10
        while len(self.calls) < calls and time.monotonic() < end:
            time.sleep(0.001)
        return sorted(self.calls)

    def predict(self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline) -> Prediction:
        values = pixels[:, 0, 0, 0]
        self.calls.append(values.tolist())
        self.refs.append(ref)
        self.held.release()
        if not self.free.acquire(timeout=deadline.remaining()):
            raise DeadlineExceeded("late")
        self.answer(pixels)
        return Prediction(3, values[:, None].astype(np.float32), values > 100)


class Seen(Deadline):
    """A deadline that tells when it is first looked at: its request is in the queue then."""

    def __init__(self, seconds: float, metadata: dict[str, str]) -> None:
        super().__init__(seconds, metadata)
        self.seen = threading.Event()

    def remaining(self) -> float:
        self.seen.set()
        return super().remaining()


class Requests:
    """Sends requests from threads of their own, each in the queue before the next."""

    def __init__(self, source: Source, max_photos: int = 8) -> None:
        self.source = source
        self.joined = JoinedCalls(source, max_photos)  # type: ignore[arg-type]
        self._pool = ThreadPoolExecutor(32)

    def send(
        self,
        *values: int,
        seconds: float = 20,
        ref: ModelRef = MODEL,
        trace: Trace | None = None,
        size: int = 2,
    ) -> "Future[Prediction]":
        pixels = np.zeros((len(values), size, size, 1), np.uint8)
        pixels[:, 0, 0, 0] = values
        trace = trace or Trace("classify", {})
        deadline = Seen(seconds, trace.metadata)
        sent = self._pool.submit(self.joined.predict, ref, pixels, deadline, trace)
        assert deadline.seen.wait(10)
        while len(self.source.calls) < 1:
            time.sleep(0.001)
        return sent


def values(prediction: Prediction) -> list[float]:
    return [float(value) for value in prediction.probabilities[:, 0]]
