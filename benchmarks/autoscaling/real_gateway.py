"""The simulated queue compared with a real gateway, at rates above what it can do.

One worker of a real gateway has one processor of this machine, the model server and the clients
have the others. Photos are posted at the same times as in the simulation, whether or not earlier
ones have been answered.
"""

import asyncio
import dataclasses
import os
import statistics
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
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
from benchmarks.serving.report import Page
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


def compare() -> Page:
    """Post each load to a real and to the simulated gateway; return the table."""
    heading = [
        "load",
        "photos",
        "429 simulated",
        "429 real",
        "median simulated",
        "real",
        "of a 429",
    ]
    page = Page("one worker with one processor", heading)
    request = poster(_MODEL)(make_photo("large")).replace(
        b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1
    )
    with _real_gateway() as (port, process):
        keep_alive = Target(
            "gateway", "127.0.0.1", port, [poster(_MODEL)(make_photo("large"))], [None]
        )
        measure(keep_alive, 8, _WARM_SECONDS)
        for name, phases in LOADS.items():
            alone = measure(keep_alive, 1, _MEASURE_SECONDS / 2)
            before = _cpu_seconds(process)
            load = measure(keep_alive, 8, _MEASURE_SECONDS)
            between = _cpu_seconds(process)
            rate, cost = load.rate, (between - before) / load.classified
            times = arrivals(rate, phases)
            real = asyncio.run(_post_all(port, request, times))
            answered = sum(status == 200 for status, _ in real)
            spent = _cpu_seconds(process) - between - answered * cost
            # Other programs may have slowed it down meanwhile.
            seconds = 2 / (rate + measure(keep_alive, 8, _MEASURE_SECONDS).rate)
            # With one client nothing waits: what a photo takes beyond its processor time is the
            # model server's.
            photo = dataclasses.replace(
                PHOTOS["large"],
                cpu_seconds=seconds,
                model_seconds=max(alone.p50 - seconds, 0.0),
            )
            simulated = simulate(times, photo)
            page.rows.append(
                [
                    name,
                    f"{len(times)} in {times[-1]:.0f} s",
                    f"{_refused(simulated):.1%}",
                    f"{_refused(real):.1%}",
                    f"{_median(simulated):.2f} s",
                    f"{_median(real):.2f} s",
                    f"{spent / max(len(real) - answered, 1) * 1e3:.1f} ms",
                ]
            )
    return page


def arrivals(rate: float, phases: Sequence[tuple[float, float]]) -> list[float]:
    """Return when photos arrive: Poisson processes one after the other, from a fixed seed."""
    rng = np.random.default_rng(1)
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


async def _post_all(port: int, request: bytes, times: Sequence[float]) -> list[Answer]:
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


def _median(answers: Sequence[Answer]) -> float:
    return statistics.median(seconds for status, seconds in answers if status == 200)
