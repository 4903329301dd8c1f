"""Gateway pods in simulated time. Which requests wait or get 429 is decided by the real queue."""

import random
from collections.abc import Callable
from dataclasses import dataclass

import simpy

from benchmarks.autoscaling.traffic import Photo
from serving.gateway.server.request_queue import Overloaded, RequestQueue


@dataclass(frozen=True)
class Gateway:
    """Settings of a gateway: those of `k8s/base/gateway.yaml`, and the CPUs that it really gets."""

    workers: int = 2
    max_in_flight: int = 8
    max_wait: float = 1.0
    time_budget: float = 5.0
    cpus: float = 2.0


@dataclass(eq=False, slots=True)
class Request:
    """A request: when it arrived, its processor seconds and its bytes."""

    arrived: float
    cpu_seconds: float
    size: int


class Worker:
    """A process of a gateway, which computes with its share of the pod's CPUs.

    Requests that run at once share the processor; here they have it one after the other, which
    takes all of them as long.
    """

    def __init__(
        self,
        env: simpy.Environment,
        gateway: Gateway,
        photo: Photo,
        answered: Callable[[float], None],
    ) -> None:
        self._env = env
        self._speed = gateway.cpus / gateway.workers
        self._budget = gateway.time_budget
        self._photo = photo
        self._answered = answered
        self._free_at = 0.0
        self._assigned = 0.0
        self.waiting = 0
        self.running = 0
        self._queue: RequestQueue[Request] = RequestQueue(
            gateway.max_in_flight,
            gateway.max_wait,
            self._speed,
            self._count_waiting,
            lambda: env.now,
        )

    def accept(self, request: Request) -> bool:
        """Run a request, or let it wait; return False if it gets 429."""
        answer_by = request.arrived + self._budget
        try:
            if self._queue.start_or_enqueue(request, answer_by, request.size):
                self._run(request)
        except Overloaded:
            self._compute(self._photo.refusal_seconds)
            return False
        return True

    def cpu_seconds(self) -> float:
        """Return the processor seconds that it has used so far."""
        return self._assigned - max(self._free_at - self._env.now, 0.0) * self._speed

    def _run(self, request: Request) -> None:
        self.running += 1
        self._compute(request.cpu_seconds)
        seconds = self._free_at - self._env.now + self._photo.model_seconds
        end = self._env.timeout(seconds)
        end.callbacks.append(lambda _: self._finish(request))

    def _compute(self, cpu_seconds: float) -> None:
        self._free_at = max(self._env.now, self._free_at) + cpu_seconds / self._speed
        self._assigned += cpu_seconds

    def _finish(self, request: Request) -> None:
        self.running -= 1
        self._answered(self._env.now - request.arrived)
        if following := self._queue.finish(request, request.cpu_seconds):
            self._run(following)

    def _count_waiting(self, length: int) -> None:
        self.waiting = length


@dataclass(eq=False)
class Pod:
    """A pod, from its creation on.

    Attributes:
        ready_at: when it gets its first requests.
        cpu: CPUs used lately, as the metrics server knows them; None before there are two samples.
        requests: in flight and waiting when Prometheus scraped them last.
    """

    workers: list[Worker]
    ready_at: float
    cpu: float | None = None
    requests: int | None = None
    _sampled: tuple[float, float] | None = None

    def accept(self, request: Request) -> bool:
        """Hand a request to a worker; return False if it gets 429."""
        return random.choice(self.workers).accept(request)

    def sample_cpu(self, now: float) -> None:
        """Let the metrics server read the counter of processor time."""
        used = sum(worker.cpu_seconds() for worker in self.workers)
        if self._sampled:
            at, before = self._sampled
            self.cpu = (used - before) / (now - at)
        self._sampled = now, used

    def sample_requests(self) -> None:
        """Let Prometheus scrape the gauges."""
        self.requests = sum(worker.running + worker.waiting for worker in self.workers)
