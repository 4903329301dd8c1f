"""What is measured of one request, noted by whoever works on it."""

import time
import types
from contextlib import AbstractContextManager

from serving.gateway.telemetry.trace import Trace


class Observation:
    """The measures of one request.

    Args:
        trace: the trace that the request belongs to.
        began: when its first byte came, on the monotonic clock; None: now.

    Attributes:
        trace: the trace that the request belongs to; its metadata goes with every call.
        began: when its first byte came, on the monotonic clock.
        seconds: how long each stage took, in all.
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
        """Time how long the request takes to arrive, from its first byte."""
        return _Stage(self, "upload", self.began)

    def waiting(self) -> AbstractContextManager[None]:
        """Time how long the request waits to be worked on."""
        return self._stage("admission")

    def decoding(self) -> AbstractContextManager[None]:
        """Time how long the photos take to become pixels."""
        return self._stage("decode")

    def asking(self) -> AbstractContextManager[None]:
        """Time how long the model takes to answer."""
        return self._stage("predict")

    def explaining(self) -> AbstractContextManager[None]:
        """Time how long the model takes to explain its answer."""
        return self._stage("explain")

    def _stage(self, name: str) -> AbstractContextManager[None]:
        return _Stage(self, name)


class _Stage:
    """Times one stage; a class, because a generator costs three times as much."""

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
