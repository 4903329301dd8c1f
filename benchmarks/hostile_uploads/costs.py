"""What one upload costs the workers and their sandboxes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks.hostile_uploads.stack import Workers, peak, reset_peak

_SAMPLE_SECONDS = 0.02


@dataclass
class Costs:
    """Processor time in seconds, and bytes above the idle processes, of one upload."""

    seconds: float = 0.0
    memory: int = 0


class Meter:
    """Measures uploads that come one after the other.

    The figures of a sandbox that is killed are lost with it. So memory is also sampled during an
    upload; its processor time is part of its worker's, which has waited for it.
    """

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._idle = {process.pid: _memory(process) for process in workers.processes}
        self._idle_sandbox = max((_memory(each) for each in workers.sandboxes()), default=0)
        self._sampled: dict[int, int] = {}

    @contextmanager
    def measuring(self) -> Iterator[Costs]:
        """Measure what the workers do within the context."""
        costs = Costs()
        for pid in self._idle:
            reset_peak(pid)
        for sandbox in self._workers.sandboxes():
            reset_peak(sandbox.pid)
        self._sampled = {}
        before = self._workers.cpu_seconds()
        done = threading.Event()
        sampler = threading.Thread(target=self._sample, args=[done])
        sampler.start()
        try:
            yield costs
        finally:
            done.set()
            sampler.join()
        costs.seconds = self._workers.cpu_seconds() - before
        costs.memory = self._memory()

    def _memory(self) -> int:
        """Return the peaks of the workers and of their sandboxes, above idle."""
        grown = max(peak(pid) - idle for pid, idle in self._idle.items())
        sandboxes = [peak(sandbox.pid) for sandbox in self._workers.sandboxes()]
        return grown + max(0, *sandboxes, *self._sampled.values(), 0) - self._idle_sandbox

    def _sample(self, done: threading.Event) -> None:
        while not done.wait(_SAMPLE_SECONDS):
            for sandbox in self._workers.sandboxes():
                most = max(self._sampled.get(sandbox.pid, 0), _memory(sandbox))
                self._sampled[sandbox.pid] = most


def _memory(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
