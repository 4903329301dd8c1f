"""The simulated queue compared with a real gateway, at rates above what it can do.

One worker of a real gateway has one processor of this machine, the model server and the clients
have the others. Photos are posted at the same times as in the simulation, whether or not earlier
ones have been answered.
"""

import asyncio
import dataclasses
import functools
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import simpy

from benchmarks.autoscaling.pods import Gateway, Request, Worker
from benchmarks.autoscaling.traffic import PHOTOS, Photo
from benchmarks.serving.load import Target, measure
from benchmarks.serving.photos import make_photo
from benchmarks.serving.programs import poster
from benchmarks.serving.report import Page, median
from tests.e2e.processes import STARTERS, gateway, model_server, wait_until_ready

_GATEWAY = Gateway(workers=1, max_in_flight=8, cpus=1.0)
_MODEL = "clothing"
_WARM_SECONDS, _MEASURE_SECONDS = 3.0, 8.0
_SPARE_SECONDS = 15.0

# What is posted: factors of the measured rate, and for how many seconds each.
LOADS = {
    "1.3 × its rate": [(1.3, 20.0)],
    "2 × its rate": [(2.0, 15.0)],
    "3 × its rate for 3 s, else half of it": [(0.5, 5.0), (3.0, 3.0), (0.5, 6.0)],
}

Answer = tuple[int, float]


@dataclass(frozen=True)
class Compared:
    """Shares of 429 and median seconds of the answered; processor seconds of a real 429."""

    simulated: float
    real: float
    simulated_seconds: float
    real_seconds: float
    refusal_seconds: float


def compare(rounds: int) -> Page:
    """Post each load to a real and to the simulated gateway; return a table of medians."""
    heading = ["load", "429 simulated", "429 real", "each round", "answer simulated", "real"]
    page = Page("one worker with one processor", [*heading, "of a 429"])
    found: dict[str, list[Compared]] = {name: [] for name in LOADS}
    with _real_gateway() as (port, process):
        keep_alive = Target("gateway", "127.0.0.1", port, [_request()], [None])
        measure(keep_alive, 8, _WARM_SECONDS)
        for number, (name, phases) in itertools.product(range(rounds), LOADS.items()):
            found[name].append(_compare(keep_alive, process, phases, number + 1))
    for name, each in found.items():
        differences = ", ".join(f"{one.simulated - one.real:+.0%}" for one in each)
        page.rows.append(
            [
                name,
                f"{median(each, lambda one: one.simulated):.0%}",
                f"{median(each, lambda one: one.real):.0%}",
                differences,
                f"{median(each, lambda one: one.simulated_seconds):.2f} s",
                f"{median(each, lambda one: one.real_seconds):.2f} s",
                f"{median(each, lambda one: one.refusal_seconds) * 1e3:.1f} ms",
            ]
        )
    return page


def _compare(
    target: Target, process: psutil.Process, phases: Sequence[tuple[float, float]], seed: int
) -> Compared:
    alone = measure(target, 1, _MEASURE_SECONDS / 2)
    before = _cpu_seconds(process)
    load = measure(target, 8, _MEASURE_SECONDS)
    between = _cpu_seconds(process)
    times = arrivals(load.rate, phases, seed)
    real = asyncio.run(_post_all(target.port, times))
    answered = sum(status == 200 for status, _ in real)
    cost = (between - before) / load.classified
    spent = _cpu_seconds(process) - between - answered * cost
    # Other programs may have slowed it down meanwhile.
    seconds = 2 / (load.rate + measure(target, 8, _MEASURE_SECONDS).rate)
    # With one client nothing waits: what a photo takes beyond its processor time is the model
    # server's.
    model_seconds = max(alone.p50 - seconds, 0.0)
    photo = dataclasses.replace(PHOTOS["large"], cpu_seconds=seconds, model_seconds=model_seconds)
    simulated = simulate(times, photo)
    return Compared(
        _refused(simulated),
        _refused(real),
        _seconds(simulated),
        _seconds(real),
        spent / max(len(real) - answered, 1),
    )


def arrivals(rate: float, phases: Sequence[tuple[float, float]], seed: int = 1) -> list[float]:
    """Return when photos arrive: Poisson processes one after the other."""
    rng = np.random.default_rng(seed)
    times: list[float] = []
    begin = 0.0
    for factor, seconds in phases:
        count = rng.poisson(rate * factor * seconds)
        times.extend(np.sort(rng.uniform(begin, begin + seconds, count)).tolist())
        begin += seconds
    return times


def simulate(times: Sequence[float], photo: Photo) -> list[Answer]:
    """Return the simulated status of each photo, and the seconds that it took."""
    env = simpy.Environment()
    answers: list[Answer] = []
    worker = Worker(env, _GATEWAY, photo, lambda seconds: answers.append((200, seconds)))

    def post() -> Generator[simpy.Event, Any, None]:
        for at in times:
            yield env.timeout(max(at - env.now, 0.0))
            if not worker.accept(Request(env.now, photo.cpu_seconds, photo.size)):
                answers.append((429, 0.0))

    env.process(post())
    env.run()
    return answers


@contextmanager
def _real_gateway() -> Iterator[tuple[int, psutil.Process]]:
    processors = sorted(os.sched_getaffinity(0))
    one, others = processors[:1], processors[1:] or processors
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        try:
            os.sched_setaffinity(0, others)  # Children inherit it.
            with model_server(STARTERS, logs / "model-server.log") as (_, address):
                os.sched_setaffinity(0, one)
                settings = {"workers": "1", "max_in_flight": str(_GATEWAY.max_in_flight)}
                with gateway(address, logs / "gateway.log", **settings) as (program, url):
                    os.sched_setaffinity(0, others)
                    wait_until_ready(url)
                    yield int(url.rpartition(":")[2]), psutil.Process(program.process.pid)
        finally:
            os.sched_setaffinity(0, processors)


def _cpu_seconds(process: psutil.Process) -> float:
    times = [each.cpu_times() for each in [process, *process.children(recursive=True)]]
    return sum(one.user + one.system for one in times)


@functools.cache
def _request(*headers: bytes) -> bytes:
    head, _, body = poster(_MODEL)(make_photo("large")).partition(b"\r\n\r\n")
    return b"\r\n".join([head, *headers]) + b"\r\n\r\n" + body


async def _post_all(port: int, times: Sequence[float]) -> list[Answer]:
    request = _request(b"Connection: close")
    begin = time.monotonic()

    async def post(at: float) -> Answer:
        await asyncio.sleep(begin + at - time.monotonic())
        sent = time.monotonic()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(request)
            head = await reader.read()
            return int(head.split(b" ", 2)[1]), time.monotonic() - sent
        finally:
            writer.close()

    async with asyncio.timeout(times[-1] + _SPARE_SECONDS):
        return list(await asyncio.gather(*map(post, times)))


def _refused(answers: Sequence[Answer]) -> float:
    wrong = {status for status, _ in answers} - {200, 429}
    if wrong:
        raise RuntimeError(f"the gateway answered {sorted(wrong)}")
    return sum(status == 429 for status, _ in answers) / len(answers)


def _seconds(answers: Sequence[Answer]) -> float:
    return statistics.median(seconds for status, seconds in answers if status == 200)
