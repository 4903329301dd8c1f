"""Batching in the embedded model server: calls per second with and without it.

Run: python -m benchmarks.batching [--rounds 5] [--seconds 3]

Two servers run at once, one of them with --enable_batching=false. In each round, 1, 8 and 64
clients call each server in turn, for a small model (clothing) and a larger one (cats-dogs). Prints
the medians, and the median of the ratios within each round.
"""

import argparse
import contextlib
import itertools
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.e2e.processes import ROOT, STARTERS, Program

CLIENTS = (1, 8, 64)
MODELS = {"clothing": (28, 28, 1), "cats-dogs": (150, 150, 3)}
MODES = ("unbatched", "batched")


def main() -> None:
    """Measure and print a table; with `call` as the first argument, act as the clients."""
    if sys.argv[1:2] == ["call"]:
        print(_call(sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])))
        return
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="paired rounds (default: 5)")
    parser.add_argument(
        "--seconds", type=float, default=3, help="duration of each load (default: 3)"
    )
    arguments = parser.parse_args()
    console = Console()
    rates: dict[tuple[str, int, str], list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as logs,
        _server("--enable_batching=false", Path(logs, "unbatched.log")) as unbatched,
        _server("--enable_batching=true", Path(logs, "batched.log")) as batched,
    ):
        addresses = dict(zip(MODES, (unbatched, batched), strict=True))
        for address, model in itertools.product(addresses.values(), MODELS):
            _measure(address, model, 8, 1)
        for round_ in track(range(arguments.rounds), "measuring", console=console, transient=True):
            for model, clients in itertools.product(MODELS, CLIENTS):
                for mode in MODES[:: -1 if round_ % 2 else 1]:
                    rate = _measure(addresses[mode], model, clients, arguments.seconds)
                    rates[model, clients, mode].append(rate)
    console.print(_table(rates))


@contextlib.contextmanager
def _server(flag: str, log: Path) -> Iterator[str]:
    arguments = ("--models", str(STARTERS), "--port", "0", flag)
    program = Program("serving.model_server", *arguments, log=log)
    try:
        pattern = re.compile(r"^model server listening on (\S+)$", re.M)
        program.wait_for(lambda: pattern.search(program.output()), "the model server listens")
        yield pattern.findall(program.output())[-1]
    finally:
        program.stop()


def _measure(address: str, model: str, clients: int, seconds: float) -> float:
    """Return the calls per second that the clients make, which run in a separate process."""
    words = ["call", address, model, str(clients), str(seconds)]
    command = [sys.executable, "-m", "benchmarks.batching", *words]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=seconds + 120
    )
    return float(done.stdout)


def _call(address: str, model: str, clients: int, seconds: float) -> float:
    from serving import protos
    from serving.gateway.model_client.channel import open_channel

    stub = protos.PredictionServiceStub(open_channel(address))
    request = protos.PredictRequest(model_spec=protos.ModelSpec(name=model))
    image = request.inputs["image"]
    image.dtype = protos.DT_UINT8
    height, width, channels = MODELS[model]
    for size in (1, height, width, channels):
        image.tensor_shape.dim.add(size=size)
    image.tensor_content = bytes(height * width * channels)
    stub.Predict(request, timeout=60)
    counts = [0] * clients
    began = time.monotonic()

    def repeat(index: int) -> None:
        while time.monotonic() < began + seconds:
            stub.Predict(request, timeout=60)
            counts[index] += 1

    threads = [threading.Thread(target=repeat, args=(index,)) for index in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


def _table(rates: dict[tuple[str, int, str], list[float]]) -> Table:
    table = Table("model", "clients", "unbatched, calls/s", "batched, calls/s", "ratio")
    for model, clients in itertools.product(MODELS, CLIENTS):
        unbatched, batched = (rates[model, clients, mode] for mode in MODES)
        ratios = [with_it / without for with_it, without in zip(batched, unbatched, strict=True)]
        medians = (f"{statistics.median(one):.0f}" for one in (unbatched, batched))
        table.add_row(model, str(clients), *medians, f"× {statistics.median(ratios):.2f}")
    return table


if __name__ == "__main__":
    main()
