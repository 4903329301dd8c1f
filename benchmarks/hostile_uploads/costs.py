"""What one upload costs the workers and their helper processes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks.hostile_uploads.chain import Workers, forget_peak, peak

_SAMPLE_SECONDS = 0.01


@dataclass
class Costs:
    """Processor time in seconds, and bytes above the idle processes, of one upload."""

    seconds: float = 0.0
    memory: int = 0


class Meter:
    """Measures uploads that come one after the other.

    A helper that is killed takes its figures along: while an upload is being worked on, its memory
    is sampled, and its time is told by its worker, who has waited for it.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._idle = {process.pid: _memory(process) for process in workers.processes}
        self._idle_helper = max((_memory(each) for each in workers.helpers()), default=0)
        self._sampled: dict[int, int] = {}

    @contextmanager
    def measuring(self, sampled: bool) -> Iterator[Costs]:
        """Measure what happens inside; `sampled` when a helper may die of it."""
        costs = Costs()
        for pid in self._idle:
            forget_peak(pid)
        for helper in self._workers.helpers():
            forget_peak(helper.pid)
        self._sampled = {}
        before = self._workers.cpu_seconds()
        done = threading.Event()
        sampler = threading.Thread(target=self._sample, args=[done])
        if sampled:
            sampler.start()
        try:
            yield costs
        finally:
            done.set()
            if sampled:
                sampler.join()
        costs.seconds = self._workers.cpu_seconds() - before
        costs.memory = self._memory()

    def _memory(self) -> int:
        """Return the most that a worker has held, and the most that a helper has, above idle."""
        grown = max(peak(pid) - idle for pid, idle in self._idle.items())
        helpers = [peak(helper.pid) for helper in self._workers.helpers()]
        return grown + max(0, *helpers, *self._sampled.values(), 0) - self._idle_helper

    def _sample(self, done: threading.Event) -> None:
        while not done.wait(_SAMPLE_SECONDS):
            for helper in self._workers.helpers():
                most = max(self._sampled.get(helper.pid, 0), _memory(helper))
                self._sampled[helper.pid] = most


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
