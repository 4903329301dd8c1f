"""The figures, each measured in paired rounds: every round measures all programs in turn."""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.serving.load import Measured, measure, slow_senders
from benchmarks.serving.programs import CLASSIFY, MODEL, WORKERS, Running
from tests.e2e.processes import ROOT

CLIENTS = 8
LEVELS = (1, 2, 4, 8, 16, 64, 256)
SLOW_SENDERS = 200
Step = Callable[[], None]


@dataclass(frozen=True)
class Plan:
    """The number of rounds, the seconds of each load, and a callback for progress."""

    rounds: int
    seconds: float
    step: Step


def rivals(
    programs: Sequence[Running], photos: dict[str, bytes], plan: Plan
) -> dict[str, dict[str, list[Measured]]]:
    """Return each round's measurement by photo and program, with 8 clients."""
    measured: dict[str, dict[str, list[Measured]]] = {
        photo: {program.name: [] for program in programs} for photo in photos
    }
    for round_ in range(plan.rounds):
        for name, photo in photos.items():
            # The first program meets a cooler machine than the last one: rotate the order.
            for index in range(len(programs)):
                program = programs[(index + round_) % len(programs)]
                measure(program.target(photo), CLIENTS, 1)
                one = measure(program.target(photo), CLIENTS, plan.seconds)
                measured[name][program.name].append(one)
                plan.step()
    return measured


def levels(chain: Running, photo: bytes, plan: Plan) -> dict[int, list[Measured]]:
    """Return each round's measurement of the gateway by number of clients."""
    measured: dict[int, list[Measured]] = {clients: [] for clients in LEVELS}
    for _ in range(plan.rounds):
        for clients in LEVELS:
            measured[clients].append(measure(chain.target(photo), clients, plan.seconds))
            plan.step()
    return measured


def beside_slow_senders(chain: Running, photo: bytes, plan: Plan) -> dict[str, list[Measured]]:
    """Return each round's measurement of 8 clients, without and with 200 slow senders."""
    measured: dict[str, list[Measured]] = {"alone": [], "with slow senders": []}
    target = chain.target(photo)
    for _ in range(plan.rounds):
        measured["alone"].append(measure(target, CLIENTS, plan.seconds))
        with slow_senders(target, CLASSIFY, SLOW_SENDERS):
            measured["with slow senders"].append(measure(target, CLIENTS, plan.seconds))
        plan.step()
    return measured


def costs(
    chain: Running, bare: dict[str, Running], photo: bytes, plan: Plan
) -> dict[str, list[float]]:
    """Return processor seconds per request in each round, for the gateway and its parts.

    Args:
        chain: the gateway with its model server.
        bare: the Flask apps `flask`, which only responds, and `together`, a minimal gateway.
        photo: the photo to post.
        plan: rounds and durations.
    """
    model = described(chain)
    shape = [str(size) for size in shape_of(model)]
    seconds = str(plan.seconds)
    spent: dict[str, list[float]] = {
        key: [] for key in ("gateway", "decode", "flask", "predict", "together")
    }
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(photo)
        file.flush()
        for _ in range(plan.rounds):
            spent["gateway"].append(_cpu_each(chain, photo, plan.seconds))
            for name, program in bare.items():
                spent[name].append(_cpu_each(program, photo, plan.seconds))
            decode = ("decode", file.name, model["preparation"], *shape, seconds)
            spent["decode"].append(_part(*decode))
            address = chain.other["model server"]
            spent["predict"].append(_part("predict", address, MODEL, *shape, seconds))
            plan.step()
    return spent


def _cpu_each(program: Running, photo: bytes, seconds: float) -> float:
    before = program.cpu_seconds()
    measured = measure(program.target(photo), CLIENTS, seconds)
    return (program.cpu_seconds() - before) / measured.responses


def _part(*arguments: str) -> float:
    """Run a part in one process per worker, and return its mean cost."""
    command = [sys.executable, "-m", "benchmarks.serving.parts", *arguments]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(WORKERS)
    ]
    return statistics.fmean(float(process.communicate(timeout=120)[0]) for process in running)


def described(chain: Running) -> dict[str, Any]:
    """Return the gateway's description of the model."""
    connection = http.client.HTTPConnection("127.0.0.1", chain.port, timeout=30)
    connection.request("GET", f"/v1/models/{MODEL}")
    description: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return description


def shape_of(model: dict[str, Any]) -> tuple[int, int, int]:
    """Return height, width and channels of a model's input."""
    size = model["input"]
    return size["height"], size["width"], size["channels"]


def memory(
    chain: Running, photos: dict[str, bytes], requests: int, step: Callable[[int], None]
) -> list[tuple[int, int]]:
    """Post a mix of requests; return pairs of requests so far and bytes of the largest worker."""
    kinds = _mixed(photos)
    done, sizes = 0, [(0, max(chain.worker_bytes()))]
    lock = threading.Lock()

    def post() -> None:
        nonlocal done
        connection = http.client.HTTPConnection("127.0.0.1", chain.port, timeout=30)
        while True:
            with lock:
                if done >= requests:
                    return
                path, body = kinds[done % len(kinds)]
                done += 1
                if done % 1000 == 0:
                    sizes.append((done, max(chain.worker_bytes())))
                    step(done)
            try:
                connection.request("POST", path, body)
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                connection.close()

    threads = [threading.Thread(target=post) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sizes


def _mixed(photos: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """Return a cycle of requests: both models, mostly small photos, some large, some bad."""
    small, large = photos["small"], photos["large"]
    other = CLASSIFY.replace(MODEL, "cats-dogs")
    bad = [small[:1000], b"", b"no photo at all", small[:300] + bytes(200) + small[500:]]
    cycle = [(CLASSIFY, small), (other, small), (f"{CLASSIFY}?top=3", small)] * 30
    cycle += [(CLASSIFY, body) for body in bad] + [("/v1/models/none:classify", small)]
    return [*cycle, (CLASSIFY, large), (other, large)]


def as_json(measured: Any) -> Any:
    """Return measurements as JSON values."""
    if isinstance(measured, Measured):
        return {**vars(measured), "p50": measured.p50, "p99": measured.p99}
    if isinstance(measured, dict):
        return {str(key): as_json(value) for key, value in measured.items()}
    if isinstance(measured, list | tuple):
        return [as_json(value) for value in measured]
    return str(measured) if isinstance(measured, Path) else measured
