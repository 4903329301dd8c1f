"""8 clients beside hostile uploads, such as decompression bombs, to a gateway of all formats."""

import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.hostile_uploads.__main__ import FORMATS
from benchmarks.serving import programs
from benchmarks.serving.figures import CLIENTS, Plan, Setup
from benchmarks.serving.figures.slow import compared
from benchmarks.serving.load import Measured, measure
from benchmarks.serving.programs import CLASSIFY
from benchmarks.serving.report import Bar, Page, at_most, median_ratio
from tests.e2e.processes import ROOT

STEPS = 2
_ALONE, _BESIDE = "alone", "with hostile uploads"
_RATIO = 3.0
_LONGER = 4  # Most uploads are cheap, so it takes some until a costly one.


@dataclass(frozen=True)
class Hostile:
    """Each round's measurement of 8 clients, the responses to uploads by status, dead workers."""

    measured: dict[str, list[Measured]]
    statuses: dict[int, int]
    died: int


def measure_rounds(setup: Setup, plan: Plan) -> Hostile:
    """Return the measurements of 8 clients, without and with hostile uploads."""
    measured: dict[str, list[Measured]] = {_ALONE: [], _BESIDE: []}
    statuses: Counter[int] = Counter()
    logs = setup.logs / "hostile"
    logs.mkdir()
    settings = {"formats": FORMATS, "log_level": "WARNING"}
    with (
        _sender(setup.hostile) as sender,
        programs.chain(setup.models, logs, **settings) as chain,
    ):
        target = chain.target(*setup.small)
        url = f"http://127.0.0.1:{chain.port}{CLASSIFY}"
        workers = set(chain.workers())
        long = _LONGER * plan.seconds
        for _ in range(plan.rounds):
            measured[_ALONE].append(measure(target, CLIENTS, plan.seconds))
            plan.step(_ALONE)
            _write(sender, f"{url} {long}\n")
            measured[_BESIDE].append(measure(target, CLIENTS, long))
            statuses.update({int(key): n for key, n in json.loads(_read(sender)).items()})
            plan.step(_BESIDE)
        died = len(workers - set(chain.workers()))
    return Hostile(measured, dict(statuses), died)


def report(hostile: Hostile) -> tuple[list[Page], list[Bar]]:
    """Return the effect of the uploads on other clients, and the bars."""
    measured, statuses = hostile.measured, hostile.statuses
    page = Page(
        f"8 clients and {sum(statuses.values()):,} hostile uploads, one after the other",
        ["8 clients", "photos/s", "p50 ms", "p99 ms", "responses by status"],
    )
    page.rows.extend(compared(measured))
    by_status = ", ".join(f"{key or 'none'}: {count}" for key, count in sorted(statuses.items()))
    page.rows.append(["the uploads", "", "", "", by_status])
    p99 = {name: [one.p99 for one in rounds] for name, rounds in measured.items()}
    ratio = median_ratio(p99[_BESIDE], p99[_ALONE])
    errors = sum(count for status, count in statuses.items() if status >= 500)
    failed = sum(
        count
        for one in measured[_BESIDE]
        for status, count in one.statuses.items()
        if status != 200
    )
    return [page], [
        at_most("hostile uploads: p99 of 8 others ÷ that without", ratio, _RATIO),
        at_most("hostile uploads: responses with 5xx", errors, 0),
        at_most("hostile uploads: workers that died", hostile.died, 0),
        at_most("hostile uploads: requests of others without an answer", failed, 0),
    ]


@contextlib.contextmanager
def _sender(count: int) -> Iterator["subprocess.Popen[str]"]:
    """Run the process that sends, which has made its uploads when this returns."""
    command = [sys.executable, "-m", "benchmarks.serving.hostile_sender", str(count)]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C reaches it through this process only.
    )
    try:
        _read(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def _write(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdin
    process.stdin.write(line)
    process.stdin.flush()


def _read(process: "subprocess.Popen[str]") -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the sender of hostile uploads has ended")
    return line
