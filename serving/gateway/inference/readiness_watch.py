"""Keeps the gauges of the models' states current, without probes and without traffic."""

import logging
import threading

from serving.gateway.inference.readiness import CALL_SECONDS, ModelReadiness, Readiness
from serving.gateway.telemetry.model_gauges import ModelGauges

INTERVAL_SECONDS = 10.0

# Every call has ended by then, so that a model server that hangs is seen as such.
_WAIT_SECONDS = CALL_SECONDS + 1.0

log = logging.getLogger(__name__)


class ReadinessWatch:
    """A thread that asks for every model's state every few seconds. Make it after the fork.

    It goes on while the gateway drains: that the gateway stops says nothing about the models.
    """

    def __init__(self, readiness: Readiness, gauges: ModelGauges) -> None:
        self._readiness = readiness
        self._gauges = gauges
        self._last: dict[str, ModelReadiness] = {}
        self._highest: dict[str, int] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="readiness-watch", daemon=True)

    def start(self) -> None:
        """Start the thread; it asks at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop asking. A call under way is not waited for."""
        self._closed.set()

    def _watch(self) -> None:
        while not self._closed.is_set():
            try:
                self._update()
            except Exception:
                log.exception("The states of the models can't be shown")
            self._closed.wait(INTERVAL_SECONDS)

    def _update(self) -> None:
        models = self._readiness.ask(_WAIT_SECONDS)
        for model in models:
            if model.version is None:
                self._gauges.not_ready(model.name)
            else:
                self._gauges.ready(model.name, model.version, starter=bool(model.starter))
            if not self._closed.is_set():
                self._report(model)
        self._last = {model.name: model for model in models}

    def _report(self, model: ModelReadiness) -> None:
        """Log a state that has changed."""
        last = self._last.get(model.name)
        if model.version is None:
            if last is None or last.state != model.state:
                log.warning("Model %s is not ready: %s", model.name, model.detail)
        elif model != last:
            highest = self._highest.get(model.name, 0)
            level = logging.WARNING if model.starter and model.version < highest else logging.INFO
            detail = f". {model.detail}" if model.detail else ""
            log.log(level, "Model %s is ready with version %d%s", model.name, model.version, detail)
            self._highest[model.name] = max(highest, model.version)
