"""Send hostile uploads to a real gateway and report what they cost it.

    python -m benchmarks.hostile_uploads --count 10000 --seed 0

Uploads are sent one after the other, so that processor time and memory can be attributed to them.
Fails if a response is 5xx, if a worker dies, or if an upload costs more than 2 s of processor time,
the start of the next sandbox included, or more memory than the sandbox may take and the worker's
copies.
"""

import argparse
import collections
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.hostile_uploads.bombs import seed_photo
from benchmarks.hostile_uploads.costs import Costs, Meter
from benchmarks.hostile_uploads.stack import Workers, running_stack
from benchmarks.hostile_uploads.uploads import Upload, uploads
from serving.photos.formats_and_limits import DEFAULT_LIMITS

FORMATS = "JPEG,PNG,WEBP,GIF,BMP,TIFF,AVIF,HEIC"
MAX_SECONDS = 2.0
# Bytes above a worker that has served and is idle: what the sandbox may take, its worker's copies.
MAX_MEMORY = DEFAULT_LIMITS.max_helper_bytes + 60_000_000
_PATH = "/v1/models/clothing:classify"
_WARM_UP = 40


@dataclass
class Report:
    """Status codes, failures, and the largest costs of each kind of upload."""

    statuses: collections.Counter[str] = field(default_factory=collections.Counter)
    failures: list[str] = field(default_factory=list)
    died: int = 0
    kinds: dict[str, Costs] = field(default_factory=dict)
    counts: collections.Counter[str] = field(default_factory=collections.Counter)

    def add_costs(self, upload: Upload, costs: Costs) -> None:
        """Keep the costs of an upload if they are the largest of its kind."""
        self.counts[upload.kind] += 1
        most = self.kinds.setdefault(upload.kind, Costs())
        most.seconds = max(most.seconds, costs.seconds)
        most.memory = max(most.memory, costs.memory)

    def slowest(self) -> str:
        """Return the kind of upload that took the most processor time."""
        return max(self.kinds, key=lambda kind: self.kinds[kind].seconds)

    def largest(self) -> str:
        """Return the kind of upload that took the most memory."""
        return max(self.kinds, key=lambda kind: self.kinds[kind].memory)

    def passed(self) -> bool:
        """Return whether every bound is kept."""
        cheap = all(
            each.seconds <= MAX_SECONDS and each.memory <= MAX_MEMORY
            for each in self.kinds.values()
        )
        return cheap and not self.failures and not self.died


def main() -> int:
    """Run the benchmark; return 1 if a bound is exceeded."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hostile_uploads",
        description="Send hostile uploads to a real gateway and report what they cost it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--count", type=int, default=10_000, help="number of uploads")
    parser.add_argument("--seed", type=int, default=0, help="seed that selects the uploads")
    parser.add_argument("--models", type=Path, help="folder of models to serve, else the starters")
    parser.add_argument("--seconds", type=float, default=3600, help="stop after this many seconds")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = options.models or Path(folder, "models")
        if options.models is None:
            subprocess.run(
                [sys.executable, "-m", "serving.repository.seed", str(models)], check=True
            )
        with running_stack(models, Path(folder), FORMATS) as (url, workers):
            report = _attack(url, workers, options.count, options.seed, options.seconds)
    _print(report)
    return 0 if report.passed() else 1


def _attack(url: str, workers: Workers, count: int, seed: int, seconds: float) -> Report:
    report = Report()
    end = time.monotonic() + seconds
    with httpx.Client(base_url=url, timeout=180) as client:
        for form in [*["JPEG"] * _WARM_UP, *["AVIF"] * _WARM_UP]:
            client.post(_PATH, content=seed_photo(form)).raise_for_status()
        meter = Meter(workers)
        described = "hostile uploads"
        for upload in track(uploads(count, seed), described, count, console=Console(stderr=True)):
            with meter.measuring() as costs:
                _send(client, upload, report)
            if not workers.alive():
                report.died += 1
                report.failures.append(f"a worker died from {upload.kind}")
                break
            report.add_costs(upload, costs)
            if time.monotonic() > end:
                break
        client.post(_PATH, content=seed_photo("JPEG")).raise_for_status()
    return report


def _send(client: httpx.Client, upload: Upload, report: Report) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in upload.headers.items()]
    try:
        status = client.post(_PATH, content=upload.body, headers=headers).status_code
    except httpx.TransportError:
        # A server may close the connection of a request that it does not read to its end.
        report.statuses["connection closed"] += 1
        if upload.kind != "huge headers":
            report.failures.append(f"connection closed for {upload.kind}")
        return
    report.statuses[str(status)] += 1
    if status >= 500:
        report.failures.append(f"{status} for {upload.kind}")


def _print(report: Report) -> None:
    table = Table("figure", "value", "limit", title="hostile uploads")
    table.add_row("uploads", f"{report.statuses.total():,}", "")
    for status, number in sorted(report.statuses.items()):
        table.add_row(status, f"{number:,}", "0" if status.startswith("5") else "")
    slowest, largest = report.slowest(), report.largest()
    seconds, memory = report.kinds[slowest].seconds, report.kinds[largest].memory
    table.add_row("workers that died", str(report.died), "0")
    table.add_row("largest processor time", f"{seconds:.2f} s", f"{MAX_SECONDS:g} s")
    table.add_row("", slowest, "")
    table.add_row(
        "largest memory above idle", f"{memory / 1e6:.0f} MB", f"{MAX_MEMORY / 1e6:.0f} MB"
    )
    table.add_row("", largest, "")
    console = Console()
    console.print(table)
    console.print(_kinds(report))
    for failure, number in collections.Counter(report.failures).most_common(20):
        console.print(f"[red]{number} × {failure}")


def _kinds(report: Report) -> Table:
    table = Table("upload", "number", "seconds", "MB", title="maximum of each kind")
    for kind, most in sorted(report.kinds.items(), key=lambda each: -each[1].seconds):
        figures = f"{most.seconds:.2f}", f"{most.memory / 1e6:.0f}"
        table.add_row(kind, f"{report.counts[kind]:,}", *figures)
    return table


if __name__ == "__main__":
    sys.exit(main())
