"""The simulated autoscaler decides as Kubernetes documents it."""

import pytest

from benchmarks.autoscaling.autoscaler import Autoscaler, Policy, Reading, Rules, Settings, proposal


def ready(*values: float | None) -> list[Reading]:
    return [Reading(ready=True, value=value) for value in values]


STARTING = Reading(ready=False, value=None)


@pytest.mark.parametrize(
    ("readings", "wanted"),
    [
        pytest.param(ready(2.0, 2.0), 4, id="twice the target doubles the replicas"),
        pytest.param(ready(1.09, 1.09), 2, id="within the tolerance"),
        pytest.param(ready(1.2, 1.2), 3, id="rounded up"),
        pytest.param(ready(0.5, 0.5, 0.4, 0.4), 2, id="fewer"),
        pytest.param([*ready(2.0, 2.0), STARTING], 4, id="pods that start count as idle"),
        pytest.param([*ready(1.6, 1.6), STARTING], 3, id="within the tolerance with those"),
        pytest.param([*ready(1.4, 1.4), STARTING, STARTING], 4, id="enough pods are starting"),
        pytest.param([*ready(0.5, 0.5), STARTING], 1, id="pods that start don't keep others"),
        pytest.param(ready(0.8, 0.8, None), 3, id="pods without a sample count as busy"),
        pytest.param([STARTING], None, id="no sample at all"),
    ],
)
def test_what_one_metric_asks_for(readings: list[Reading], wanted: int | None) -> None:
    assert proposal(len(readings), readings) == wanted


def test_the_highest_proposal_counts_and_a_missing_metric_prevents_scaling_down() -> None:
    scaler = Autoscaler(Settings(least=1, most=20))
    assert scaler.decide(0, 4, [3, 6]) == 6
    assert scaler.decide(15, 6, [2, None]) == 6


def test_the_defaults_double_or_add_four_in_15_seconds() -> None:
    scaler = Autoscaler(Settings(least=1, most=100))
    replicas, steps = 2, []
    for step in range(5):
        replicas = scaler.decide(step * 15.0, replicas, [100])
        steps.append(replicas)
    assert steps == [6, 12, 24, 48, 96]


def test_policies_count_the_changes_within_their_period() -> None:
    rules = Rules((Policy("Pods", 3, 60),), 0)
    scaler = Autoscaler(Settings(least=1, most=100, up=rules))
    steps = [2]
    for step in range(6):
        steps.append(scaler.decide(step * 15.0, steps[-1], [100]))
    assert steps == [2, 5, 5, 5, 5, 8, 8]


def test_it_scales_down_to_the_highest_proposal_of_five_minutes() -> None:
    scaler = Autoscaler(Settings(least=2, most=20))
    assert scaler.decide(0, 10, [10]) == 10
    assert [scaler.decide(at, 10, [3]) for at in (15, 150, 285)] == [10, 10, 10]
    assert scaler.decide(301, 10, [3]) == 3
    assert scaler.decide(400, 3, [1]) == 3, "it asked for three less than five minutes ago"
    assert scaler.decide(705, 3, [1]) == 2, "never below the minimum"
