"""What is measured of one request, noted by whoever works on it."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from serving.tracing import Trace


class Observation:
    """The measures of one request.

    Attributes:
        trace: the trace that the request belongs to; its metadata goes with every call.
        seconds: how long each stage took, in all.
        version: which version answered or, until one has, which is expected to.
        photos: how many photos it holds.
        best: the predicted class of each photo and its probability.
    """

    def __init__(self, trace: Trace | None = None) -> None:
        self._begun = time.perf_counter()
        self.trace = trace or Trace("", {})
        self.seconds: dict[str, float] = {}
        self.version: int | None = None
        self.photos = 0
        self.best: list[tuple[str, float]] = []

    def elapsed(self) -> float:
        """Return the seconds since the request began."""
        return time.perf_counter() - self._begun

    def uploading(self) -> AbstractContextManager[None]:
        """Time how long the body takes to arrive."""
        return self._stage("upload")

    def waiting(self) -> AbstractContextManager[None]:
        """Time how long the request waits to be worked on."""
        return self._stage("admission")

    def decoding(self) -> AbstractContextManager[None]:
        """Time how long the photos take to become pixels."""
        return self._stage("decode")

    def asking(self) -> AbstractContextManager[None]:
        """Time how long the model takes to answer."""
        return self._stage("predict")

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        begun = time.perf_counter()
        try:
            with self.trace.stage(name):
                yield
        finally:
            taken = time.perf_counter() - begun
            self.seconds[name] = self.seconds.get(name, 0.0) + taken
