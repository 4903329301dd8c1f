"""The command line: `python -m benchmarks.serving`."""

import argparse
import contextlib
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from benchmarks.serving import figures, programs, report
from benchmarks.serving.figures import Plan
from benchmarks.serving.photos import make_photo
from tests.e2e.processes import STARTERS

_FIGURES = ("rivals", "levels", "slow", "costs")
_DESCRIPTION = """\
Measure the gateway with the embedded model server, compared with a tutorial's Flask server and,
if it is installed, LitServe, on 127.0.0.1. Every figure is the median of paired rounds: all
servers run at once, and each round loads them in turn. The clients run on the same processors;
their share of processor time is reported. On 429 and 503 they honour Retry-After."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5, help="paired rounds (default: 5)")
    parser.add_argument(
        "--seconds", type=float, default=4.0, help="duration of each load (default: 4)"
    )
    parser.add_argument(
        "--only",
        choices=_FIGURES,
        nargs="+",
        default=_FIGURES,
        help="measure these figures (default: all)",
    )
    parser.add_argument(
        "--memory-requests",
        type=int,
        default=0,
        metavar="N",
        help="also watch a worker's memory over N mixed requests, such as 100000 (takes minutes)",
    )
    parser.add_argument(
        "--models",
        type=Path,
        default=STARTERS,
        help="folder of models (default: the starter models)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/bench-serving"),
        help="folder for results.json and results.md (default: build/bench-serving)",
    )
    return parser.parse_args()


def main() -> None:
    """Measure, print the tables and save them."""
    arguments = _arguments()
    console = Console()
    with tempfile.TemporaryDirectory() as logs, contextlib.ExitStack() as stack:
        chain = stack.enter_context(programs.chain(arguments.models.resolve(), Path(logs)))
        results, pages = _measure(chain, arguments, Path(logs), stack, console)
    results["machine"] = {
        "processors": os.cpu_count(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "time": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
        "rounds": arguments.rounds,
        "seconds": arguments.seconds,
    }
    for page in pages:
        console.print(page.to_rich())
    arguments.output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(figures.as_json(results), indent=1)
    (arguments.output / "results.json").write_text(text)
    machine = ", ".join(f"{key}: {value}" for key, value in results["machine"].items())
    tables = "\n".join(page.to_markdown() for page in pages)
    (arguments.output / "results.md").write_text(f"{machine}\n\n{tables}")
    console.print(f"saved: {arguments.output}/results.json and results.md")


def _measure(
    chain: programs.Running,
    arguments: argparse.Namespace,
    logs: Path,
    stack: contextlib.ExitStack,
    console: Console,
) -> tuple[dict[str, Any], list[report.Page]]:
    photos = {name: make_photo(name) for name in ("small", "large")}
    small = photos["small"]
    results: dict[str, Any] = {"photo bytes": {name: len(photo) for name, photo in photos.items()}}
    pages: list[report.Page] = []
    progress = stack.enter_context(Progress(console=console, transient=True))
    task = progress.add_task("measuring", total=None)
    plan = Plan(arguments.rounds, arguments.seconds, lambda: progress.advance(task))
    if "levels" in arguments.only:
        results["levels"] = figures.levels(chain, small, plan)
        pages.append(report.levels(results["levels"]))
    if "slow" in arguments.only:
        results["slow senders"] = figures.beside_slow_senders(chain, small, plan)
        pages.append(report.slow(results["slow senders"]))
    if "costs" in arguments.only:
        with programs.bare(figures.described(chain), chain, logs) as bare:
            results["costs"] = figures.costs(chain, bare, small, plan)
        pages.append(report.costs(results["costs"]))
    if arguments.memory_requests:
        requests = arguments.memory_requests
        grown = figures.memory(chain, photos, requests, lambda _: progress.advance(task))
        results["memory"] = grown
        pages.append(report.memory(grown))
    if "rivals" in arguments.only:
        others = [stack.enter_context(programs.tutorial(logs))]
        if programs.has_litserve():
            others.append(stack.enter_context(programs.litserve(arguments.models.resolve(), logs)))
        else:
            console.print(
                "LitServe is not installed and is left out (make bench-serving installs it)"
            )
        results["rivals"] = figures.rivals([chain, *others], photos, plan)
        pages.extend(report.rivals(name, found) for name, found in results["rivals"].items())
    return results, pages


if __name__ == "__main__":
    main()
