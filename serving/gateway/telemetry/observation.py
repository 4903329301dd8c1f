"""The measurements of one request."""

import time
import types
from contextlib import AbstractContextManager
from functools import partialmethod

from serving.gateway.telemetry.trace import Trace


class Observation:
    """The measurements of one request; its methods are context managers that time its stages.

    Attributes:
        trace: the trace that the request belongs to; its metadata goes with every call.
        began: when its first byte came, on the monotonic clock; by default, now.
        seconds: the total time of each stage.
        version: which version answered or, until one has, which is expected to.
        photos: how many photos it holds.
        best: the predicted class of each photo and its probability.
    """

    def __init__(self, trace: Trace | None = None, began: float | None = None) -> None:
        self.began = time.monotonic() if began is None else began
        self.trace = trace or Trace("", {})
        self.seconds: dict[str, float] = {}
        self.version: int | None = None
        self.photos = 0
        self.best: list[tuple[str, float]] = []

    def elapsed(self) -> float:
        """Return the seconds since the request began."""
        return time.monotonic() - self.began

    def uploading(self) -> AbstractContextManager[None]:
        """Time the request's arrival, from its first byte."""
        return _Stage(self, "upload", self.began)

    def _stage(self, name: str) -> AbstractContextManager[None]:
        return _Stage(self, name)

    waiting = partialmethod(_stage, "admission")  # until the request is handled
    decoding = partialmethod(_stage, "decode")  # until photos are pixels
    asking = partialmethod(_stage, "predict")  # until the model has answered
    explaining = partialmethod(_stage, "explain")  # until it has explained its answer


class _Stage:
    """Times one stage; a class, because a generator takes three times as long."""

    __slots__ = ("_begun", "_given", "_name", "_observation", "_part")

    def __init__(self, observation: Observation, name: str, begun: float | None = None) -> None:
        self._observation = observation
        self._given = begun
        self._name = name
        self._part = observation.trace.stage(name)

    def __enter__(self) -> None:
        self._begun = time.monotonic() if self._given is None else self._given
        self._part.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: types.TracebackType | None,
    ) -> None:
        self._part.__exit__(kind, error, traceback)
        seconds, taken = self._observation.seconds, time.monotonic() - self._begun
        seconds[self._name] = seconds.get(self._name, 0.0) + taken
