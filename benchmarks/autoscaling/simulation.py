"""A day of gateway pods, their metrics and their autoscaler, as processes of SimPy."""

import random
from collections import Counter
from collections.abc import Generator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import simpy

from benchmarks.autoscaling.autoscaler import SYNC_SECONDS, Autoscaler, Reading, Settings, proposal
from benchmarks.autoscaling.pods import Gateway, Pod, Request, Worker
from benchmarks.autoscaling.traffic import HOUR, PHOTOS, Day, Photo

_METRICS_SECONDS = 15.0  # metrics-server --metric-resolution
_RESULT_SECONDS = 15.0

Process = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class Scenario:
    """What is simulated.

    Attributes:
        name: for the table.
        autoscaler: None: the replicas stay as they are.
        replicas: at the beginning.
        cpu_request: CPUs that a pod requests, to which the autoscaler's percentage refers.
        pod_seconds: from the decision until a new pod gets requests.
        scrape_seconds: between two scrapes of Prometheus, of which the autoscaler gets the last.
    """

    name: str
    autoscaler: Settings | None = None
    replicas: int = 2
    cpu_request: float = 2.0
    pod_seconds: float = 30.0
    scrape_seconds: float = 15.0
    gateway: Gateway = field(default_factory=Gateway)
    photo: Photo = PHOTOS["camera"]
    day: Day = field(default_factory=Day)
    begin: float = 0.0
    end: float = 24 * HOUR
    seed: int = 1

    def between(self, begin: float, end: float) -> "Scenario":
        """Return the same for a part of the day, in seconds."""
        return replace(self, begin=begin, end=end)


@dataclass
class Interval:
    """What happened in some seconds: photos that arrived, those with 429, pods that are ready."""

    at: float
    arrived: int = 0
    refused: int = 0
    pods: int = 0


@dataclass
class Result:
    """A simulated day."""

    scenario: Scenario
    intervals: list[Interval] = field(default_factory=list)
    pod_seconds: float = 0.0
    most_pods: int = 0
    responses: Counter[int] = field(default_factory=Counter)

    @property
    def arrived(self) -> int:
        """All photos."""
        return sum(each.arrived for each in self.intervals)

    @property
    def refused(self) -> int:
        """The photos that got 429."""
        return sum(each.refused for each in self.intervals)

    @property
    def p99(self) -> float:
        """The seconds within which 99% of the responses came, rounded up to hundredths."""
        total, seen = self.responses.total(), 0
        for hundredths, count in sorted(self.responses.items()):
            seen += count
            if seen >= 0.99 * total:
                return (hundredths + 1) / 100
        return 0.0

    def to_json(self) -> dict[str, Any]:
        """Return it for results.json."""
        return {
            "scenario": asdict(self.scenario),
            "arrived": self.arrived,
            "refused": self.refused,
            "refused_until": self.refused_until,
            "p99": self.p99,
            "most_pods": self.most_pods,
            "pod_seconds": self.pod_seconds,
            "intervals": [asdict(each) for each in self.intervals],
        }

    @property
    def refused_until(self) -> float:
        """How many seconds after the beginning of the spike the last interval with 1% 429 ends."""
        begin = self.scenario.day.spike_at
        late = [each.at for each in self.intervals if each.refused > 0.01 * each.arrived]
        return max((at + _RESULT_SECONDS - begin for at in late if at >= begin), default=0.0)


class Simulation:
    """The pods of one scenario."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._env = simpy.Environment(scenario.begin)
        self._pods: list[Pod] = []
        self._ready: list[Pod] = []
        self._result = Result(scenario)
        self._interval = Interval(scenario.begin)

    def run(self) -> Result:
        """Simulate until the end, and return the result."""
        random.seed(self._scenario.seed)
        self._scale_to(self._scenario.replicas, start_seconds=0.0)
        self._env.process(self._arrivals())
        self._env.process(self._every(_RESULT_SECONDS, _RESULT_SECONDS, self._end_interval))
        if self._scenario.autoscaler:
            scaler = Autoscaler(self._scenario.autoscaler)
            # The three loops don't know of each other.
            for seconds, action in (
                (_METRICS_SECONDS, self._sample_cpu),
                (self._scenario.scrape_seconds, self._sample_requests),
                (SYNC_SECONDS, lambda: self._scale(scaler)),
            ):
                first = random.uniform(0, seconds)
                self._env.process(self._every(seconds, first, action))
        self._env.run(self._scenario.end)
        return self._result

    def _arrivals(self) -> Process:
        scenario, env = self._scenario, self._env
        rng = np.random.default_rng(scenario.seed)
        size = scenario.photo.size
        for at, cpu in scenario.day.arrivals(scenario.photo, scenario.begin, scenario.end, rng):
            yield env.timeout(max(at - env.now, 0.0))
            self._interval.arrived += 1
            pod = random.choice(self._ready)
            self._interval.refused += not pod.accept(Request(env.now, cpu, size))

    def _every(self, seconds: float, first: float, action: Any) -> Process:
        yield self._env.timeout(first)
        while True:
            action()
            yield self._env.timeout(seconds)

    def _end_interval(self) -> None:
        result, interval = self._result, self._interval
        interval.pods = len(self._ready)
        result.intervals.append(interval)
        result.pod_seconds += len(self._pods) * _RESULT_SECONDS
        result.most_pods = max(result.most_pods, len(self._pods))
        self._interval = Interval(self._env.now)

    def _sample_cpu(self) -> None:
        for pod in self._ready:
            pod.sample_cpu(self._env.now)

    def _sample_requests(self) -> None:
        for pod in self._ready:
            pod.sample_requests()

    def _scale(self, scaler: Autoscaler) -> None:
        settings, replicas = scaler.settings, len(self._pods)
        proposals = []
        if settings.cpu:
            target = settings.cpu * self._scenario.cpu_request
            cpus = [Reading(pod in self._ready, _ratio(pod.cpu, target)) for pod in self._pods]
            proposals.append(proposal(replicas, cpus, max(1.0, 1 / settings.cpu)))
        if settings.requests:
            counts = [
                Reading(pod in self._ready, _ratio(pod.requests, settings.requests))
                for pod in self._pods
            ]
            proposals.append(proposal(replicas, counts))
        self._scale_to(
            scaler.decide(self._env.now, replicas, proposals), self._scenario.pod_seconds
        )

    def _scale_to(self, replicas: int, start_seconds: float) -> None:
        while len(self._pods) > replicas:  # The youngest first; those that start before others.
            pod = self._pods.pop()
            if pod in self._ready:
                self._ready.remove(pod)
        while len(self._pods) < replicas:
            scenario = self._scenario
            workers = [
                Worker(self._env, scenario.gateway, scenario.photo, self._answered)
                for _ in range(scenario.gateway.workers)
            ]
            pod = Pod(workers, self._env.now + start_seconds)
            self._pods.append(pod)
            if start_seconds:
                self._env.process(self._start(pod, start_seconds))
            else:
                self._ready.append(pod)

    def _start(self, pod: Pod, seconds: float) -> Process:
        yield self._env.timeout(seconds)
        if pod in self._pods:
            self._ready.append(pod)

    def _answered(self, seconds: float) -> None:
        self._result.responses[int(seconds * 100)] += 1


def _ratio(value: float | None, target: float) -> float | None:
    return None if value is None else value / target
