"""A worse canary is rolled back, and one that is as good is not, however often one looks."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.judging.canary.simulation import Behaviour, counted, decide
from training.judging.canary.counts import ERRORS, FAILED, Counts
from training.judging.canary.evidence import Evidence
from training.judging.canary.judgement import Judgement

RUNS = 20
STABLE = Behaviour()


def rolled_back(canary: Behaviour, **how: float) -> list[str]:
    """Return the reasons of the runs in which the canary was rolled back."""
    found = [decide(canary, STABLE, np.random.default_rng(seed), **how)[0] for seed in range(RUNS)]  # type: ignore[arg-type]
    return [each.reason for each in found if each.decision == "roll back"]


@pytest.mark.parametrize(
    ("worse", "because"),
    [
        (replace(STABLE, errors=STABLE.errors + 0.03), "errors: requests that failed with 5xx are"),
        (replace(STABLE, seconds=2 * STABLE.seconds), "latency: requests that took longer than"),
        # The median stays, and the p95 is twice as high.
        (replace(STABLE, spread=1.03), "latency: requests that took longer than"),
        (replace(STABLE, sure=4.0), "confidence: photos with a confidence up to"),
        (replace(STABLE, favourite=0.3), "classes: photos predicted as class 0 are"),
    ],
)
def test_a_worse_canary_is_rolled_back_in_19_of_20_runs(worse: Behaviour, because: str) -> None:
    reasons = rolled_back(worse)
    assert len(reasons) >= 19
    assert sum(because in reason for reason in reasons) >= 19, reasons


@pytest.mark.parametrize(
    "good",
    [
        STABLE,
        replace(STABLE, errors=0.001, seconds=0.8 * STABLE.seconds, sure=9.0),
        replace(STABLE, seconds=1.15 * STABLE.seconds),
    ],
)
def test_a_good_canary_is_promoted_in_19_of_20_runs(good: Behaviour) -> None:
    assert len(rolled_back(good)) <= 1
    assert len(rolled_back(good, share=0.5)) <= 1


def test_the_evidence_may_be_looked_at_as_often_as_one_likes() -> None:
    random, runs, alarms = np.random.default_rng(1), 200, 0
    for _ in range(runs):
        evidence, highest = Evidence(1.0), 0.0
        for _ in range(100):
            failed = int(random.binomial(20, 0.05)), int(random.binomial(60, 0.05))
            evidence.add(20, 60, {FAILED: failed})
            highest = max(highest, evidence.value())
        alarms += highest >= 10
    assert 0 < alarms <= 0.1 * runs, "at most a tenth ever reaches 10"


def test_nothing_is_concluded_without_requests_of_both() -> None:
    random = np.random.default_rng(1)
    judgement = Judgement(requests=100)
    judgement.add(counted(replace(STABLE, errors=1.0), 500, random), Counts())
    assert judgement.finding() is None
    assert next(judgement.lines()).startswith("canary: 500 requests, 100.0% failed")
    judgement.add(Counts(), counted(STABLE, 500, random))
    found = judgement.finding()
    assert found is not None
    assert found.decision == "promote", "not at the same time: that may have been an outage"


def test_a_measure_can_be_ignored() -> None:
    random = np.random.default_rng(1)
    judgement = Judgement(requests=400, ignored=["confidence"])
    judgement.add(counted(replace(STABLE, sure=2.0), 500, random), counted(STABLE, 500, random))
    found = judgement.finding()
    assert found is not None
    assert found.decision == "promote"
    assert judgement.canary.total[ERRORS] == 500
