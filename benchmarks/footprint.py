"""Memory and import time of a gateway worker, compared with Flask and Keras in one process.

Run: python -m benchmarks.footprint [--rounds 5]

In each round, a new process imports each program in turn and reports the seconds and its resident
memory. Prints the medians and the ratio of the two. The gateway's workers are also measured while
they run under gunicorn, after the first requests to both models.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx
import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.drawing import encoded_photo
from tests.e2e.processes import STARTERS, gateway, model_server, wait_until_ready

MEBIBYTE = 1024 * 1024

_MEASURE = """
import json, time
began = time.perf_counter()
{imports}
seconds = time.perf_counter() - began
import psutil
print(json.dumps([seconds, psutil.Process().memory_info().rss]))
"""
PROGRAMS = {
    "gateway": "from serving.gateway.app import create_app;"
    " import serving.gateway.model_client.client",
    "Flask + Keras": "import flask, keras, numpy, PIL.Image",
}


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="paired rounds (default: 5)")
    rounds = parser.parse_args().rounds
    console = Console()
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in PROGRAMS}
    for _ in track(range(rounds), "importing", console=console, transient=True):
        for name, imports in PROGRAMS.items():
            measured[name].append(measure_import(imports))
    console.print(_table(measured))
    workers = [size for _ in range(rounds) for size in worker_sizes()]
    median = statistics.median(workers)
    console.print(
        f"gateway worker after its first requests: {median:.0f} MiB"
        f" (median of {len(workers)}, {min(workers):.0f} to {max(workers):.0f})"
    )


def measure_import(imports: str) -> tuple[float, float]:
    """Return the seconds and MiB of one import in a new process."""
    program = _MEASURE.format(imports=imports)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    seconds, size = json.loads(done.stdout.splitlines()[-1])
    return seconds, size / MEBIBYTE


def worker_sizes() -> list[float]:
    """Start gateway and model server, post photos to both models, return each worker's MiB."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        models = shutil.copytree(STARTERS, folder / "models")
        with (
            model_server(models, folder / "model-server.log") as (_, address),
            gateway(address, folder / "gateway.log") as (program, url),
        ):
            wait_until_ready(url)
            end = time.monotonic() + 3
            while time.monotonic() < end:
                for name in ("clothing", "cats-dogs"):
                    photo = encoded_photo("JPEG", (600, 800))
                    httpx.post(f"{url}/v1/models/{name}:classify", content=photo).raise_for_status()
            workers = psutil.Process(program.process.pid).children()
            return [worker.memory_info().rss / MEBIBYTE for worker in workers]


def _table(measured: dict[str, list[tuple[float, float]]]) -> Table:
    table = Table("program", "import, s", "memory, MiB")
    medians = []
    for name, rows in measured.items():
        seconds, sizes = zip(*rows, strict=True)
        medians.append((statistics.median(seconds), statistics.median(sizes)))
        table.add_row(name, f"{medians[-1][0]:.2f}", f"{medians[-1][1]:.0f}")
    ours, theirs = medians
    table.add_row("ratio", f"{ours[0] / theirs[0]:.2f}", f"{ours[1] / theirs[1]:.2f}")
    return table


if __name__ == "__main__":
    main()
