"""Photos a second of `bulk` compared with the load generator of `make bench-serving`.

`python -m benchmarks.bulk`. Each round posts the same photo to the same chain, first one a
request by the load generator (8 clients), then from files by `bulk`, a process of its own. The
memory of that process is read at 10% and at 100% of the photos.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.serving.figures import CLIENTS
from benchmarks.serving.load import measure
from benchmarks.serving.photos import make_photo
from benchmarks.serving.programs import MODEL, chain
from tests.e2e.processes import STARTERS

_BAR = 0.85
_PER_FOLDER = 500


def main() -> int:
    """Measure and print; the status is 1 if the ratio is below the bar."""
    parser = argparse.ArgumentParser("python -m benchmarks.bulk", description=__doc__)
    parser.add_argument("--photos", type=int, default=20_000, help="default: 20000")
    parser.add_argument("--rounds", type=int, default=3, help="default: 3")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each load (default: 10)")
    arguments = parser.parse_args()
    ratios = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = make_photo("small")
        _write(folder / "photos", photo, arguments.photos)
        with chain(STARTERS, folder) as running:
            measure(running.target(photo), CLIENTS, 2)
            for number in range(arguments.rounds):
                load = measure(running.target(photo), CLIENTS, arguments.seconds)
                rate, cpu, early, late = _bulk(folder, running.port, number, arguments.photos)
                ratios.append(rate / load.rate)
                print(
                    f"load {load.rate:.0f}/s, bulk {rate:.0f}/s, ratio {ratios[-1]:.2f};"
                    f" {cpu / arguments.photos * 1e3:.2f} ms of processor time a photo;"
                    f" memory at 10% {early:.1f} MiB, at the end {late:.1f} MiB"
                )
    ratio = statistics.median(ratios)
    print(f"median ratio {ratio:.2f}; the bar is {_BAR}")
    return int(ratio < _BAR)


def _write(folder: Path, photo: bytes, count: int) -> None:
    for number in range(count):
        path = folder / f"{number // _PER_FOLDER}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(photo)


def _bulk(folder: Path, port: int, number: int, count: int) -> tuple[float, float, float, float]:
    """Return photos a second, processor seconds, and MiB at 10% and at the end."""
    out = folder / f"{number}.csv"
    command = [sys.executable, "-m", "client", "bulk", MODEL, str(folder / "photos")]
    command += ["--out", str(out), "--url", f"http://127.0.0.1:{port}"]
    memory: dict[int, float] = {}
    cpu, began = 0.0, 0.0
    with subprocess.Popen(command) as process:
        watched = psutil.Process(process.pid)
        lines = 0
        while process.poll() is None:
            try:
                memory[lines] = watched.memory_info().rss / 2**20
                times = watched.cpu_times()
            except psutil.NoSuchProcess:
                break
            cpu = times.user + times.system or cpu
            lines = _lines(out)
            if not began and out.exists():
                began = time.monotonic()  # Its start is no part of the rate.
            time.sleep(0.1)
        assert process.wait() == 0
    rate = count / (time.monotonic() - began)
    assert _lines(out) == count + 1
    sizes = {lines: size for lines, size in memory.items() if size}
    early = next(size for lines, size in sizes.items() if lines >= count / 10)
    return rate, cpu, early, list(sizes.values())[-1]


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


if __name__ == "__main__":
    sys.exit(main())
