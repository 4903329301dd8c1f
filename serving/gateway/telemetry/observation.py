"""The measurements of one request."""

import time
from contextlib import AbstractContextManager
from typing import Any, Literal

from serving.gateway.telemetry.tracing import Trace

Stage = Literal["upload", "queue", "decode", "predict", "explain"]


class Observation:
    """The measurements of one request.

    Its stages: `upload` (from the first byte to the last), `queue` (until its turn),
    `decode` (until photos are pixels), `predict` and `explain` (until the model has answered).

    Attributes:
        trace: the trace that the request belongs to; its metadata goes with every call.
        began: when its first byte came, on the monotonic clock; by default, now.
        ended: when its last byte came, or no more was awaited; by default, now.
        seconds: the total time of each stage.
        version: which version answered or, until one has, which is expected to.
        photos: how many photos it holds.
        best: the predicted class of each photo and its probability.
    """

    def __init__(
        self,
        trace: Trace | None = None,
        began: float | None = None,
        ended: float | None = None,
    ) -> None:
        self.ended = time.monotonic() if ended is None else ended
        self.began = self.ended if began is None else began
        self.trace = trace or Trace("", {})
        self.seconds: dict[str, float] = {}
        self.version: int | None = None
        self.photos = 0
        self.best: list[tuple[str, float]] = []

    def stage(self, name: Stage, before: float = 0.0) -> AbstractContextManager[None]:
        """Time a stage of the request's work, which has taken some seconds before."""
        return _Stage(self, name, before)


class _Stage:
    """Times one stage; a class, because a generator takes three times as long."""

    __slots__ = ("_began", "_name", "_observation", "_part")

    def __init__(self, observation: Observation, name: str, before: float) -> None:
        self._observation = observation
        self._name = name
        self._began = time.monotonic() - before
        self._part = observation.trace.stage(name)

    def __enter__(self) -> None:
        self._part.__enter__()

    def __exit__(self, *raised: Any) -> None:
        self._part.__exit__(*raised)
        seconds, taken = self._observation.seconds, time.monotonic() - self._began
        seconds[self._name] = seconds.get(self._name, 0.0) + taken
