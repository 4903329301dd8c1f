"""Photos that wait for the same model travel in one call to the model server.

No photo waits for others to come: a call leaves at once while none is under way, or when the photos
that wait fill a batch. So an idle gateway adds no delay, and a busy one makes fewer, larger calls.
"""

import copy
import math
import re
import threading
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from serving.deadline import Deadline
from serving.gateway.inference.catalog import ModelSource
from serving.gateway.model_client.contract import MAX_INPUT_BYTES, Prediction
from serving.gateway.model_client.grpc_errors import RequestRefused
from serving.gateway.model_client.model_ref import ModelRef
from serving.gateway.telemetry.tracing import Trace
from serving.http_errors import DeadlineExceeded, InternalError

# A slow call, such as one to a replica that hangs, holds others back no longer than this.
MAX_WAIT_SECONDS = 0.1

# After a refusal, larger batches are tried again after this time: the model may have been replaced.
_SMALL_SECONDS = 60.0

# TensorFlow Serving's message for a batch that is larger than its `max_batch_size`.
_MAX_SIZE = re.compile(r"larger than maximum input batch size ([0-9]+)")


@dataclass(eq=False)
class _Request:
    """The photos of one request, and later their prediction or error.

    Attributes:
        batch: the requests of the call that it leads, itself first; empty if it does not lead.
        alone: join it with no others.
        carried_by: the trace context of the request that leads its call, if it is another.
    """

    pixels: np.ndarray
    deadline: Deadline
    prediction: Prediction | None = None
    error: Exception | None = None
    batch: list["_Request"] = field(default_factory=list)
    alone: bool = False
    carried_by: str | None = None

    def __post_init__(self) -> None:
        self._woken = threading.Lock()
        self._woken.acquire()

    @property
    def done(self) -> bool:
        return self.prediction is not None or self.error is not None

    def wake(self) -> None:
        self._woken.release()

    def wait(self, seconds: float) -> bool:
        return self._woken.acquire(timeout=seconds)


class _Line:
    """The requests for one model and shape: those that wait, and how many calls are under way."""

    def __init__(self, max_photos: int) -> None:
        self.calls = 0
        self._max_photos = max_photos
        self._small, self._small_until = max_photos, 0.0
        self._waiting: deque[_Request] = deque()

    @property
    def idle(self) -> bool:
        """Whether nothing is under way, and nothing of a refusal has to be remembered."""
        remembers = time.monotonic() < self._small_until
        return not self.calls and not self._waiting and not remembers

    @property
    def max_photos(self) -> int:
        """Of a call; less for a while after a refusal."""
        return self._small if time.monotonic() < self._small_until else self._max_photos

    def reduce(self, refused: int, message: str) -> None:
        """Make calls smaller after one with that many photos was refused."""
        allowed = _MAX_SIZE.search(message)
        self._small = max(1, min(int(allowed[1]) if allowed else refused // 2, self._max_photos))
        self._small_until = time.monotonic() + _SMALL_SECONDS

    def add(self, request: _Request) -> None:
        self._waiting.append(request)
        self.choose_leaders()

    def remove(self, request: _Request) -> bool:
        """Remove a request; return whether it was waiting."""
        waiting = request in self._waiting
        if waiting:
            self._waiting.remove(request)
        return waiting

    def choose_leaders(self) -> None:
        """Let the first request lead, while a call may leave."""
        while self._waiting and (not self.calls or _photos(self._waiting) >= self.max_photos):
            leader = self._waiting.popleft()
            self.lead(leader)
            leader.wake()

    def lead(self, leader: _Request) -> None:
        """Let a request, taken from those that wait, lead a call."""
        self.calls += 1
        leader.batch = [leader]
        self.fill(leader)

    def fill(self, leader: _Request) -> None:
        """Fill the leader's batch with requests that wait."""
        photos = _photos(leader.batch)
        while self._waiting and not leader.alone and not self._waiting[0].alone:
            photos += len(self._waiting[0].pixels)
            if photos > self.max_photos:
                break
            leader.batch.append(self._waiting.popleft())

    def end(self, leader: _Request) -> list[_Request]:
        """End the leader's call: let the next one leave; return the others that are done."""
        self.calls -= 1
        others = leader.batch[1:]
        self._waiting.extendleft(reversed([each for each in others if not each.done]))
        done = [each for each in others if each.done]
        self.choose_leaders()
        return done


class JoinedCalls:
    """Asks a model server for predictions; requests that wait for the same model share a call.

    The first request of a call leads: its thread makes the call, within its deadline. Each request
    keeps its own deadline and its own errors: those with time left after the leader's deadline go
    again, and if a call is refused, each of its requests is sent alone.

    Args:
        source: the model server.
        max_photos: of one call. A request of more photos is sent as it is.
    """

    def __init__(self, source: ModelSource, max_photos: int) -> None:
        self._source = source
        self._max_photos = max_photos
        self._lines: dict[tuple[ModelRef, tuple[int, ...]], _Line] = {}
        self._lock = threading.Lock()  # Held for all that concerns lines.

    def predict(
        self, ref: ModelRef, pixels: np.ndarray, deadline: Deadline, trace: Trace
    ) -> Prediction:
        """Do what `ModelSource.predict` does; link the trace to the call with the photos."""
        key, request = (ref, pixels.shape[1:]), _Request(pixels, deadline)
        with self._lock:
            line = self._lines.setdefault(key, _Line(self._max_of(pixels)))
            line.add(request)
        try:
            self._wait(line, request)
            if request.batch:
                self._lead(ref, line, request)
        finally:
            with self._lock:
                if line.idle and self._lines.get(key) is line:
                    del self._lines[key]
        if request.carried_by:
            trace.link(request.carried_by)
        if request.error is not None:
            raise request.error
        assert request.prediction is not None  # noqa: S101
        return request.prediction

    def _max_of(self, pixels: np.ndarray) -> int:
        """Return how many photos of such a shape go in one call."""
        return max(1, min(self._max_photos, MAX_INPUT_BYTES // math.prod(pixels.shape[1:])))

    def _wait(self, line: _Line, request: _Request) -> None:
        """Wait until a request leads, or is done; raise `DeadlineExceeded` if it takes too long."""
        try:
            while not request.wait(min(MAX_WAIT_SECONDS, request.deadline.remaining())):
                request.deadline.remaining()
                with self._lock:
                    if line.remove(request):  # Else a call carries it.
                        line.lead(request)
                        return
        except DeadlineExceeded as error:
            with self._lock:
                request.error = error  # So that it is not sent again.
                if not line.remove(request) and request.batch:
                    line.end(request)  # It had just been chosen.
            raise

    def _lead(self, ref: ModelRef, line: _Line, leader: _Request) -> None:
        """Make a call, then let the next one leave, and wake the other requests of this one."""
        with self._lock:
            line.fill(leader)
        try:
            self._call(ref, line, leader.batch)
        finally:
            with self._lock:
                done = line.end(leader)
            for request in done:
                request.wake()

    def _call(self, ref: ModelRef, line: _Line, batch: list[_Request]) -> None:
        leader = batch[0]
        pixels = np.concatenate([each.pixels for each in batch]) if batch[1:] else leader.pixels
        for request in batch[1:]:
            request.carried_by = leader.deadline.metadata.get("traceparent")
        try:
            joined = self._source.predict(ref, pixels, leader.deadline)
        except DeadlineExceeded as error:
            leader.error = error
        except InternalError as error:
            if not batch[1:]:
                leader.error = error
                return
            for request in batch:
                request.alone = True
            self._call(ref, line, [leader])
            if isinstance(error, RequestRefused) and leader.prediction:  # For its size.
                line.reduce(len(pixels), error.detail)
        except Exception as error:
            for request in batch:
                request.error = copy.copy(error)  # Each thread adds its own traceback.
        else:
            _split(joined, batch)


def _photos(requests: Iterable[_Request]) -> int:
    return sum(len(request.pixels) for request in requests)


def _split(joined: Prediction, batch: list[_Request]) -> None:
    """Give each request of a call its rows of the prediction."""
    end = 0
    for request in batch:
        begin, end = end, end + len(request.pixels)
        recognized = joined.recognized
        request.prediction = Prediction(
            joined.version,
            joined.probabilities[begin:end],
            None if recognized is None else recognized[begin:end],
        )
