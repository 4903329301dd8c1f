"""Keeps the gauges of the models' states current, without probes and without traffic."""

import logging

from serving.gateway.inference.readiness import CALL_SECONDS, ModelReadiness, Readiness
from serving.gateway.telemetry.model_gauges import ModelGauges
from serving.repeating_thread import RepeatingThread

INTERVAL_SECONDS = 10.0

# Every call has ended by then, so that a model server that hangs is seen as such.
_WAIT_SECONDS = CALL_SECONDS + 1.0

log = logging.getLogger(__name__)


def watch_readiness(readiness: Readiness, gauges: ModelGauges) -> RepeatingThread:
    """Return a thread that keeps the gauges current; arguments as for `ReadinessWatch`."""
    update = ReadinessWatch(readiness, gauges).update
    return RepeatingThread("readiness", lambda: INTERVAL_SECONDS, update)


class ReadinessWatch:
    """Asks for every model's state, shows it in gauges, and logs what has changed.

    It goes on while the gateway drains: that the gateway stops says nothing about the models.
    """

    def __init__(self, readiness: Readiness, gauges: ModelGauges) -> None:
        self._readiness = readiness
        self._gauges = gauges
        self._last: dict[str, ModelReadiness] = {}
        self._highest: dict[str, int] = {}

    def update(self) -> None:
        """Ask once; it takes seconds if the model server hangs."""
        models = self._readiness.ask(_WAIT_SECONDS)
        for model in models:
            if model.version is None:
                self._gauges.not_ready(model.name)
            else:
                self._gauges.ready(model.name, model.version, starter=bool(model.starter))
            self._report(model)
        self._last = {model.name: model for model in models}

    def _report(self, model: ModelReadiness) -> None:
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
