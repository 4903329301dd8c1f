"""What gateways have counted since a moment, whichever of them restarts."""

import pytest

from serving.gateway.telemetry.metrics import Metrics
from serving.gateway.telemetry.observation import Observation
from training.errors import TrainingError
from training.judging.canary.counts import (
    CLASSES,
    CONFIDENCE,
    ERRORS,
    FAILED,
    LATENCY,
    Counts,
    GatewayCounts,
)


class Gateway:
    """Counts as a gateway does."""

    def __init__(self) -> None:
        self._metrics = Metrics()

    def answer(
        self, version: int, status: int = 200, seconds: float = 0.02, route: str = "classify"
    ) -> None:
        observation = Observation()
        observation.version = version
        if status == 200:
            observation.best = [("cat", 0.97)]
        self._metrics.record(observation, route, "pets", status, seconds)

    def text(self) -> str:
        from prometheus_client import generate_latest

        return generate_latest(self._metrics.registry).decode()


def test_what_has_grown_is_counted_by_version() -> None:
    gateway, counts = Gateway(), GatewayCounts("pets")
    gateway.answer(1)
    assert counts.grown(gateway.text(), "a") == {}
    gateway.answer(1)
    for status, seconds in ((200, 0.02), (200, 0.3), (503, 4.0), (422, 0.001)):
        gateway.answer(2, status, seconds)
    gateway.answer(2, 500, route="explain")
    found = counts.grown(gateway.text(), "a")
    assert set(found) == {"1", "2"}
    assert found["1"].total[ERRORS] == 1
    canary = found["2"]
    assert (canary.total[ERRORS], canary.outcomes[ERRORS, FAILED]) == (4, 1)
    assert canary.total[LATENCY] == 4
    slower = {bound: canary.outcomes[LATENCY, bound] for bound in ("0.001", "0.025", "0.5", "5.0")}
    assert slower == {"0.001": 3, "0.025": 2, "0.5": 1, "5.0": 0}
    assert canary.total[CONFIDENCE] == 2
    assert (canary.outcomes[CONFIDENCE, "0.95"], canary.outcomes[CONFIDENCE, "0.99"]) == (0, 2)
    assert canary.of(CLASSES) == {"cat": 2}
    assert counts.grown(gateway.text(), "a") == {}


def test_gateways_are_added_up_and_may_restart() -> None:
    first, second, counts = Gateway(), Gateway(), GatewayCounts("pets")
    for _ in range(5):
        first.answer(1)
    for name, gateway in (("a", first), ("b", second)):
        counts.grown(gateway.text(), name)
    restarted = Gateway()
    for gateway in (restarted, restarted, second):
        gateway.answer(1)
    total = Counts()
    for name, gateway in (("a", restarted), ("b", second)):
        for each in counts.grown(gateway.text(), name).values():
            total.add(each)
    assert total.total[ERRORS] == 3


def test_a_restart_sets_all_counters_back_also_those_that_are_higher_already() -> None:
    gateway, restarted, counts = Gateway(), Gateway(), GatewayCounts("pets")
    gateway.answer(1, seconds=0.02)
    for _ in range(20):
        gateway.answer(1, seconds=0.3)
    counts.grown(gateway.text(), "a")
    for _ in range(2):
        restarted.answer(1, seconds=0.02)
    found = counts.grown(restarted.text(), "a")["1"]
    assert (found.total[LATENCY], found.outcomes[LATENCY, "0.1"]) == (2, 0)


def test_a_gateway_that_is_away_for_one_reading_is_not_counted_from_0() -> None:
    here, away, counts = Gateway(), Gateway(), GatewayCounts("pets")
    for _ in range(9):
        away.answer(1)

    def federated(**gateways: Gateway) -> str:
        """Return several gateways' metrics as a Prometheus shows them."""
        return "".join(
            gateway.text().replace("{", f'{{instance="{name}",')
            for name, gateway in gateways.items()
        )

    counts.grown(federated(a=here, b=away), "prometheus")
    here.answer(1)
    assert counts.grown(federated(a=here), "prometheus")["1"].total[ERRORS] == 1
    away.answer(1)
    assert counts.grown(federated(a=here, b=away), "prometheus")["1"].total[ERRORS] == 1


def test_what_is_not_metrics_is_named() -> None:
    with pytest.raises(TrainingError, match="http://a/ is not in the Prometheus text format"):
        GatewayCounts("pets").grown("<html>{", "http://a/")
