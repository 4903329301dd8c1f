"""Simulated gateways: what gets 429, and how an autoscaler changes that."""

import dataclasses

import pytest

from benchmarks.autoscaling.autoscaler import Settings
from benchmarks.autoscaling.real_gateway import arrivals, simulate
from benchmarks.autoscaling.scenarios import scenarios, shipped
from benchmarks.autoscaling.simulation import Result, Scenario, Simulation
from benchmarks.autoscaling.traffic import Day, Photo

# A pod of two workers does 20 of these a second.
PHOTO = Photo(0.1, 0.5, 0.0, 0.0, 30_000)
# 12 a second, and 120 from the second minute on.
DAY = Day(peak=13.6, spike_at=19 * 3600, hold=400)


def simulated(autoscaler: Settings | None, **changes: float) -> Result:
    scenario = Scenario("test", autoscaler, photo=PHOTO, day=DAY)
    part = scenario.between(DAY.spike_at - 60, DAY.spike_at + 360)
    return Simulation(dataclasses.replace(part, **changes)).run()  # type: ignore[arg-type]


def test_without_an_autoscaler_all_that_is_too_much_gets_429() -> None:
    found = simulated(None)
    late = [each for each in found.intervals if each.at > DAY.spike_at + 120]
    share = sum(each.refused for each in late) / sum(each.arrived for each in late)
    assert share == pytest.approx(1 - 40 / 120, abs=0.03)
    assert found.most_pods == 2
    assert found.refused_until > 280
    early = [each for each in found.intervals if each.at < DAY.spike_at - 30]
    assert not sum(each.refused for each in early)


def test_requests_in_flight_show_sooner_than_processors_how_many_pods_are_missing() -> None:
    processors = simulated(Settings(cpu=0.6))
    both = simulated(shipped())
    assert both.refused < 0.7 * processors.refused
    assert both.refused_until < processors.refused_until
    # The autoscaler needs pods that start, and they need time.
    assert simulated(shipped(), pod_seconds=120.0).refused > 2 * both.refused


def test_the_same_seed_gives_the_same_day() -> None:
    first, again = simulated(shipped()), simulated(shipped())
    assert first.intervals == again.intervals
    assert simulated(shipped(), seed=2).intervals != first.intervals


def test_a_worker_answers_what_it_can_within_its_wait() -> None:
    photo = dataclasses.replace(PHOTO, cpu_seconds=0.02, variation=0.0)
    idle = simulate(arrivals(50, [(0.5, 30)]), photo)
    assert {status for status, _ in idle} == {200}
    full = simulate(arrivals(50, [(2.0, 30)]), photo)
    refused = sum(status == 429 for status, _ in full) / len(full)
    assert refused == pytest.approx(0.5, abs=0.06)
    # A second of waiting, and the eight that run.
    assert max(seconds for _, seconds in full) < 1.3


def test_what_is_shipped_is_compared() -> None:
    assert shipped() in [each.autoscaler for each in scenarios()]
    assert shipped().requests
