"""What a HorizontalPodAutoscaler decides, as Kubernetes' controller does.

The rules are those of https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/
and, where that is silent, of `pkg/controller/podautoscaler` (replica_calculator.go, horizontal.go)
in Kubernetes 1.32.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

SYNC_SECONDS = 15.0  # --horizontal-pod-autoscaler-sync-period
_TOLERANCE = 0.1  # --horizontal-pod-autoscaler-tolerance


@dataclass(frozen=True)
class Policy:
    """At most `value` pods, or percent of the pods, in `period` seconds."""

    type: str
    value: int
    period: float


@dataclass(frozen=True)
class Rules:
    """One direction of `behavior`."""

    policies: tuple[Policy, ...]
    window: float


# Kubernetes' defaults.
SCALE_UP = Rules((Policy("Percent", 100, 15), Policy("Pods", 4, 15)), 0)
SCALE_DOWN = Rules((Policy("Percent", 100, 15),), 300)


@dataclass(frozen=True)
class Settings:
    """The spec of a HorizontalPodAutoscaler.

    Attributes:
        least, most: minReplicas and maxReplicas.
        cpu: processor time as a fraction of the request (averageUtilization); None: not a metric.
        requests: requests in flight and waiting for each pod (averageValue); None: not a metric.
    """

    least: int = 2
    most: int = 20
    cpu: float | None = 0.8
    requests: float | None = None
    up: Rules = SCALE_UP
    down: Rules = SCALE_DOWN

    @classmethod
    def from_manifest(cls, spec: dict[str, Any]) -> "Settings":
        """Read the spec of a manifest."""
        cpu = requests = None
        for metric in spec["metrics"]:
            if metric["type"] == "Resource":
                cpu = metric["resource"]["target"]["averageUtilization"] / 100
            else:
                requests = float(metric["pods"]["target"]["averageValue"])
        behavior = spec["behavior"]
        up = _rules(behavior["scaleUp"], SCALE_UP)
        down = _rules(behavior["scaleDown"], SCALE_DOWN)
        return cls(spec["minReplicas"], spec["maxReplicas"], cpu, requests, up, down)


def _rules(given: dict[str, Any], default: Rules) -> Rules:
    policies = tuple(
        Policy(each["type"], each["value"], each["periodSeconds"])
        for each in given.get("policies", [])
    )
    window = given.get("stabilizationWindowSeconds", default.window)
    return Rules(policies or default.policies, window)


@dataclass(frozen=True)
class Reading:
    """A metric of one pod, relative to its target; None if there is no sample yet."""

    ready: bool
    value: float | None


def proposal(replicas: int, readings: Sequence[Reading], missing: float = 1.0) -> int | None:
    """Return the replicas that one metric asks for; None without any sample.

    Args:
        replicas: how many there are.
        readings: one for each pod.
        missing: what a pod without a sample counts as, if the others ask for fewer replicas.
    """
    values = [each.value for each in readings if each.ready and each.value is not None]
    if not values:
        return None
    ratio = math.fsum(values) / len(values)
    unready = sum(not each.ready for each in readings)
    unsampled = sum(each.ready and each.value is None for each in readings)
    # Pods that start are ignored when the others are idle, and count as idle when they are busy.
    values += [missing if ratio < 1 else 0.0] * unsampled
    values += [0.0] * (unready if ratio > 1 else 0)
    new = math.fsum(values) / len(values)
    if abs(new - 1) <= _TOLERANCE or (ratio < 1 < new) or (new < 1 < ratio):
        return replicas
    wanted = math.ceil(new * len(values))
    return replicas if (wanted > replicas) != (new > 1) else wanted


@dataclass
class Autoscaler:
    """Turns proposals into replicas: stabilization, rates of change, bounds."""

    settings: Settings
    _proposed: list[tuple[float, int]] = field(default_factory=list)
    _changes: list[tuple[float, int]] = field(default_factory=list)

    def decide(self, now: float, replicas: int, proposals: Sequence[int | None]) -> int:
        """Return how many replicas there should be.

        Args:
            now: in seconds.
            replicas: how many there are.
            proposals: what each metric asks for.
        """
        known = [each for each in proposals if each is not None]
        wanted = max(known, default=replicas)
        if len(known) < len(proposals):  # It does not scale down on part of the metrics.
            wanted = max(wanted, replicas)
        wanted = self._limited(now, replicas, self._stabilized(now, replicas, wanted))
        wanted = min(max(wanted, self.settings.least), self.settings.most)
        if wanted != replicas:
            self._changes.append((now, wanted - replicas))
        return wanted

    def _stabilized(self, now: float, replicas: int, wanted: int) -> int:
        up, down = self.settings.up.window, self.settings.down.window
        self._proposed = [each for each in self._proposed if each[0] > now - max(up, down)]
        least = min([wanted, *(n for at, n in self._proposed if at > now - up)])
        most = max([wanted, *(n for at, n in self._proposed if at > now - down)])
        self._proposed.append((now, wanted))
        return min(max(replicas, least), most)

    def _limited(self, now: float, replicas: int, wanted: int) -> int:
        if wanted > replicas:
            limits = [self._limit(now, replicas, each, 1) for each in self.settings.up.policies]
            return min(wanted, max(replicas, *limits))
        limits = [self._limit(now, replicas, each, -1) for each in self.settings.down.policies]
        return max(wanted, min(replicas, *limits))

    def _limit(self, now: float, replicas: int, policy: Policy, sign: int) -> int:
        start = replicas - sum(n for at, n in self._changes if at > now - policy.period)
        if policy.type == "Pods":
            return start + sign * policy.value
        limit = start * (1 + sign * policy.value / 100)
        return math.ceil(limit) if sign > 0 else math.floor(limit)
