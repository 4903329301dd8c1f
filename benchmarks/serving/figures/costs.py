"""Processor time of a small photo: the gateway's, the model server's, and that of their parts."""

import http.client
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.serving import programs
from benchmarks.serving.figures import CLIENTS, Plan, Setup
from benchmarks.serving.load import Target, measure
from benchmarks.serving.programs import MODEL, WORKERS, Running
from benchmarks.serving.report import Bar, Page, at_most, median_ratio
from tests.e2e.processes import ROOT

STEPS = 6
_MANY_CLIENTS = 64
_NAMES = {
    "gateway 8": "gateway, 8 clients",
    "both 8": "gateway and model server, 8 clients",
    "gateway 64": "gateway, 64 clients",
    "both 64": "gateway and model server, 64 clients",
    "decode": "decoding and preparing only",
    "flask": "bare Flask route that reads the photo",
    "predict": "bare gRPC call",
    "together": "these three in one Flask route",
}

Seconds = dict[str, list[float]]


def measure_rounds(setup: Setup, plan: Plan) -> Seconds:
    """Return processor seconds per photo in each round."""
    spent: Seconds = {key: [] for key in _NAMES}
    chain = setup.chain
    assert chain.model_server
    model = _described(chain)
    shape = [str(model["input"][key]) for key in ("height", "width", "channels")]
    with (
        tempfile.TemporaryDirectory() as folder,
        programs.bare(model, chain, setup.logs) as bare,
    ):
        photo = Path(folder, "photo.jpg")
        photo.write_bytes(setup.small[0])
        target = chain.target(*setup.small)
        targets = {name: program.target(setup.small[0]) for name, program in bare.items()}
        parts = {
            "decode": (str(photo), model["preparation"]),
            "predict": (chain.model_server[0], MODEL),
        }
        for _ in range(plan.rounds):
            for clients in (CLIENTS, _MANY_CLIENTS):
                gateway, both = _of_chain(chain, target, clients, plan.seconds)
                spent[f"gateway {clients}"].append(gateway)
                spent[f"both {clients}"].append(both)
                plan.step(f"{clients} clients")
            for name, program in bare.items():
                spent[name].append(_of_program(program, targets[name], plan.seconds))
                plan.step(_NAMES[name])
            for name, arguments in parts.items():
                spent[name].append(_of_part(name, *arguments, *shape, str(plan.seconds)))
                plan.step(_NAMES[name])
    return spent


def report(spent: Seconds) -> tuple[list[Page], list[Bar]]:
    """Return the costs compared with those of the parts, and the bars."""
    page = Page("processor time per photo, ms", ["", "median"])
    medians = {key: statistics.median(spent[key]) * 1e3 for key in _NAMES}
    page.rows.extend([name, f"{medians[key]:.2f}"] for key, name in _NAMES.items())
    three = [spent[key] for key in ("decode", "flask", "predict")]
    parts = [sum(each) for each in zip(*three, strict=True)]
    for name, others in (("sum of the three", parts), ("three in one route", spent["together"])):
        ratio = median_ratio(spent["gateway 8"], others)
        page.rows.append([f"gateway, 8 clients, compared with the {name}", f"{ratio - 1:+.0%}"])
    wanted = {"gateway 8": 2.6, "gateway 64": 2.6, "both 64": 3.5}
    return [page], [
        at_most(f"processor time of a small photo, {_NAMES[key]}, ms", medians[key], most)
        for key, most in wanted.items()
    ]


def _of_chain(chain: Running, target: Target, clients: int, seconds: float) -> tuple[float, float]:
    before, both = chain.cpu_seconds(), chain.cpu_seconds(with_model_server=True)
    classified = measure(target, clients, seconds, honour_retry_after=False).classified or 1
    after, both_after = chain.cpu_seconds(), chain.cpu_seconds(with_model_server=True)
    return (after - before) / classified, (both_after - both) / classified


def _of_program(program: Running, target: Target, seconds: float) -> float:
    before = program.cpu_seconds()
    classified = measure(target, CLIENTS, seconds).classified or 1
    return (program.cpu_seconds() - before) / classified


def _of_part(*arguments: str) -> float:
    """Run a part in one process per worker, and return its mean cost."""
    command = [sys.executable, "-m", "benchmarks.serving.parts", *arguments]
    running = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for _ in range(WORKERS)
    ]
    return statistics.fmean(float(process.communicate(timeout=120)[0]) for process in running)


def _described(chain: Running) -> dict[str, Any]:
    """Return the gateway's description of the model."""
    connection = http.client.HTTPConnection("127.0.0.1", chain.port, timeout=30)
    connection.request("GET", f"/v1/models/{MODEL}")
    description: dict[str, Any] = json.loads(connection.getresponse().read())
    connection.close()
    return description
