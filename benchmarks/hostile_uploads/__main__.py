"""Send hostile uploads to a real gateway and tell what they did to it.

    python -m benchmarks.hostile_uploads --count 10000 --seed 0

One upload after the other, so that time and memory of the workers belong to it. Fails if one is
answered by 5xx, if a worker dies, or if one costs more than 2 s of a processor or 300 MB.
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
from benchmarks.hostile_uploads.chain import Workers, running_chain
from benchmarks.hostile_uploads.uploads import Upload, uploads

FORMATS = "JPEG,PNG,WEBP,GIF,BMP,TIFF"
MAX_SECONDS = 2.0
MAX_MEMORY = 300_000_000  # bytes above a worker that has served and is idle
_PATH = "/v1/models/clothing:classify"
_WARM_UP = 40


@dataclass
class Report:
    """What happened."""

    statuses: collections.Counter[str] = field(default_factory=collections.Counter)
    failures: list[str] = field(default_factory=list)
    died: int = 0
    seconds: float = 0.0
    slowest: str = ""
    memory: int = 0
    greediest: str = ""

    def note_costs(self, upload: Upload, seconds: float, memory: int) -> None:
        """Keep the costs of an upload if they are the largest so far."""
        if seconds > self.seconds:
            self.seconds, self.slowest = seconds, upload.kind
        if memory > self.memory:
            self.memory, self.greediest = memory, upload.kind

    def passed(self) -> bool:
        """Return whether everything is within the bars."""
        cheap = self.seconds <= MAX_SECONDS and self.memory <= MAX_MEMORY
        return cheap and not self.failures and not self.died


def main() -> int:
    """Run it; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hostile_uploads")
    parser.add_argument("--count", type=int, default=10_000, help="uploads (default 10000)")
    parser.add_argument("--seed", type=int, default=0, help="decides which ones (default 0)")
    parser.add_argument("--models", type=Path, help="models to serve (default: the starters)")
    parser.add_argument("--seconds", type=float, default=3600, help="stop after (default 3600)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        models = options.models or Path(folder, "models")
        if options.models is None:
            subprocess.run([sys.executable, "-m", "serving.seed", str(models)], check=True)
        with running_chain(models, Path(folder), FORMATS) as (url, workers):
            report = _attack(url, workers, options.count, options.seed, options.seconds)
    _print(report)
    return 0 if report.passed() else 1


def _attack(url: str, workers: Workers, count: int, seed: int, seconds: float) -> Report:
    report = Report()
    end = time.monotonic() + seconds
    with httpx.Client(base_url=url, timeout=180) as client:
        for _ in range(_WARM_UP):
            client.post(_PATH, content=seed_photo("JPEG")).raise_for_status()
        idle = workers.memory()
        workers.forget_peaks()
        spent = workers.cpu_seconds()
        described = "hostile uploads"
        for upload in track(uploads(count, seed), described, count, console=Console(stderr=True)):
            _send(client, upload, report)
            if workers.alive() != workers.pids:
                report.died += 1
                break
            before, spent = spent, workers.cpu_seconds()
            peaks = workers.peaks()
            memory = max(peaks[pid] - idle[pid] for pid in workers.pids)
            report.note_costs(upload, spent - before, memory)
            if time.monotonic() > end:
                break
        client.post(_PATH, content=seed_photo("JPEG")).raise_for_status()
    return report


def _send(client: httpx.Client, upload: Upload, report: Report) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in upload.headers.items()]
    try:
        status = client.post(_PATH, content=upload.body, headers=headers).status_code
    except httpx.TransportError:
        # A server may hang up on a request that it will not read to its end.
        report.statuses["hung up"] += 1
        if upload.kind != "huge headers":
            report.failures.append(f"hung up on {upload.kind}")
        return
    report.statuses[str(status)] += 1
    if status >= 500:
        report.failures.append(f"{status} for {upload.kind}")


def _print(report: Report) -> None:
    table = Table("figure", "value", "at most", title="hostile uploads")
    table.add_row("uploads", f"{report.statuses.total():,}", "")
    for status, number in sorted(report.statuses.items()):
        table.add_row(f"answered {status}", f"{number:,}", "0" if status.startswith("5") else "")
    table.add_row("workers that died", str(report.died), "0")
    table.add_row("largest processor time", f"{report.seconds:.2f} s", f"{MAX_SECONDS:g} s")
    table.add_row("", report.slowest, "")
    table.add_row("largest memory above idle", f"{report.memory / 1e6:.0f} MB", "300 MB")
    table.add_row("", report.greediest, "")
    console = Console()
    console.print(table)
    for failure, number in collections.Counter(report.failures).most_common(20):
        console.print(f"[red]{number} × {failure}")


if __name__ == "__main__":
    sys.exit(main())
