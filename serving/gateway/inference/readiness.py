"""Whether every model can answer: asked of the model server, cached for a second."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Literal

from serving.deadline import Deadline
from serving.gateway.inference.catalog import AVAILABLE, Catalog
from serving.gateway.model_client.model_ref import ModelRef
from serving.http_errors import DeadlineExceeded, PhotolabelError

STARTER = "Its only version is the starter. If others were published, the volume was lost."

CACHE_SECONDS = 1.0
# How long a probe waits for the model server, all models together: less than probes wait for us.
WAIT_SECONDS = 1.0
# A call continues after its probe: on a cold GPU a version takes long to describe itself.
CALL_SECONDS = 5.0
# Models that are asked about at the same time.
MAX_CALLS = 16


@dataclass(frozen=True)
class ModelReadiness:
    """Whether one model can answer. Metadata of fields are arguments of `pydantic.Field`."""

    name: str
    state: Literal["ready", "unavailable", "draining"]
    version: int | None = field(default=None, metadata={"description": "The version that answers."})
    detail: str | None = field(
        default=None,
        metadata={"description": "Why it can't; of a model that can, what is odd about it."},
    )
    starter: bool | None = field(
        default=None, metadata={"description": "Given if the starter is its only version."}
    )


class Readiness:
    """The readiness of the gateway and of each model. Make it after the fork: it has threads."""

    def __init__(
        self,
        catalog: Catalog,
        is_draining: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self.is_draining = is_draining
        self._clock = clock
        self._threads = ThreadPoolExecutor(MAX_CALLS, thread_name_prefix="readiness")
        self._lock = threading.Lock()
        self._asked: dict[str, tuple[float, Future[ModelReadiness]]] = {}

    def models(self, deadline: Deadline) -> list[ModelReadiness]:
        """Return the state of each model; none is ready while the gateway drains.

        It takes at most `WAIT_SECONDS`, even if the model server hangs.
        """
        if self.is_draining():
            detail = "The gateway is stopping."
            return [ModelReadiness(name, "draining", detail=detail) for name in self._catalog.names]
        return self.ask(_wait_seconds(deadline))

    def ask(self, seconds: float) -> list[ModelReadiness]:
        """Return the state of each model, also while the gateway drains; wait this long at most."""
        names = self._catalog.names
        self._forget_all_but(names)
        results = {name: self._result(name) for name in names}
        wait(results.values(), seconds)
        detail = "The model server has not answered yet."
        return [
            result.result() if result.done() else ModelReadiness(name, "unavailable", detail=detail)
            for name, result in results.items()
        ]

    def _forget_all_but(self, names: tuple[str, ...]) -> None:
        with self._lock:
            for removed in self._asked.keys() - set(names):
                del self._asked[removed]

    def _result(self, name: str) -> Future[ModelReadiness]:
        """Return the result that is fresh or under way, or ask for one: one call at once."""
        with self._lock:
            now = self._clock()
            asked_at, result = self._asked.get(name, (now, None))
            if result is None or (result.done() and now - asked_at >= CACHE_SECONDS):
                result = self._threads.submit(self._ask, name)
                self._asked[name] = now, result
            return result

    def _ask(self, name: str) -> ModelReadiness:
        try:
            described, states = self._catalog.find(ModelRef(name), Deadline(CALL_SECONDS))
        except PhotolabelError as error:
            return ModelReadiness(name, "unavailable", detail=error.detail)
        available = sum(state.state == AVAILABLE for state in states)
        if available == 1 and described.card.get("starter") is True:
            return ModelReadiness(name, "ready", described.version, STARTER, starter=True)
        return ModelReadiness(name, "ready", described.version)


def _wait_seconds(deadline: Deadline) -> float:
    try:
        return min(WAIT_SECONDS, deadline.remaining())
    except DeadlineExceeded:
        return 0.0
