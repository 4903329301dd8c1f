"""The command line: `python -m benchmarks.serving`."""

import argparse
import contextlib
import dataclasses
import json
import os
import platform
import signal
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.serving import programs, report
from benchmarks.serving.figures import (
    Plan,
    Setup,
    burst,
    costs,
    hostile,
    levels,
    memory,
    rivals,
    sizing,
    slow,
)
from benchmarks.serving.photos import GARMENTS, make_photo
from tests.e2e.processes import STARTERS

_FIGURES = {
    "levels": levels,
    "burst": burst,
    "slow": slow,
    "costs": costs,
    "sizing": sizing,
    "rivals": rivals,
    "hostile": hostile,
    "memory": memory,
}
_QUICK = {"rounds": 2, "seconds": 1.5, "hostile": 200}
_DESCRIPTION = """\
Measure the gateway with the embedded model server on 127.0.0.1:

  levels   1 to 256 clients that send again at once after a 429
  burst    500 requests at the same moment, on an idle gateway
  slow     8 clients, without and with 200 uploads of one byte a second
  costs    processor time of a small photo in the gateway and the model server
  sizing   processor time and memory for each starter model, with small and large photos
  rivals   8 clients, compared with a tutorial's Flask server and, if installed, LitServe
  hostile  8 clients, without and with hostile uploads
  memory   import time and memory of a worker

Every figure is the median of paired rounds: each round measures all that is compared, in turn.
One process of raw sockets sends all requests to all servers; "client ms" is the processor time that
a request takes it, on the same processors. Only a 200 with the right probabilities counts.
Nothing else should run meanwhile. The exit status is 1 if a bar is missed, and 130 after Ctrl-C,
which keeps the figures that are complete."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.serving",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, help="paired rounds (default: 5)")
    parser.add_argument("--seconds", type=float, help="duration of each load (default: 4)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="2 rounds of 1.5 s, to try something out: too few for the bars",
    )
    parser.add_argument(
        "--only",
        choices=_FIGURES,
        nargs="+",
        default=list(_FIGURES),
        help="measure these figures (default: all)",
    )
    parser.add_argument(
        "--hostile",
        type=int,
        metavar="N",
        help="number of different hostile uploads, which are repeated (default: 2000)",
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
    arguments = parser.parse_args()
    defaults = _QUICK if arguments.quick else {"rounds": 5, "seconds": 4.0, "hostile": 2000}
    for name, value in defaults.items():
        if getattr(arguments, name) is None:
            setattr(arguments, name, value)
        elif getattr(arguments, name) <= 0:
            parser.error(f"--{name} has to be positive")
    return arguments


class Results:
    """The figures so far: printed and saved as soon as they are complete."""

    def __init__(self, arguments: argparse.Namespace, console: Console) -> None:
        self._folder = arguments.output
        self._console = console
        self._measured: dict[str, Any] = {
            "machine": {
                "processors": os.cpu_count(),
                "platform": platform.platform(),
                "python": platform.python_version(),
                "time": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
                "rounds": arguments.rounds,
                "seconds": arguments.seconds,
            }
        }
        self._pages: list[report.Page] = []
        self.bars: list[report.Bar] = []

    def add(
        self, name: str, measured: Any, found: tuple[list[report.Page], list[report.Bar]]
    ) -> None:
        """Print and save a figure."""
        self._measured[name] = measured
        pages, bars = found
        self._pages.extend(pages)
        self.bars.extend(bars)
        for page in pages:
            self._console.print(page.to_rich())
        self._measured["bars"] = self.bars
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps(self._measured, indent=1, default=_as_json)
        (self._folder / "results.json").write_text(text)
        machine = ", ".join(f"{key}: {value}" for key, value in self._measured["machine"].items())
        tables = "\n".join(each.to_markdown() for each in [*self._pages, report.bars(self.bars)])
        (self._folder / "results.md").write_text(f"{machine}\n\n{tables}")

    def finish(self) -> None:
        """Print the bars of all figures."""
        if self.bars:
            self._console.print(report.bars(self.bars).to_rich())
            self._console.print(f"saved: {self._folder}/results.json and results.md")


def _as_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def main() -> int:
    """Measure, print the tables and save them; return the exit status."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 120)
    results = Results(arguments, console)
    for number in (signal.SIGINT, signal.SIGTERM):  # SIGINT is ignored in a script's background.
        signal.signal(number, _interrupt)
    try:
        _measure(arguments, results, console)
    except KeyboardInterrupt:
        results.finish()
        console.print("interrupted; the figures above are complete")
        return 130
    results.finish()
    return int(any(bar.met is False for bar in results.bars))


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _measure(arguments: argparse.Namespace, results: Results, console: Console) -> None:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with contextlib.ExitStack() as stack:
        logs = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        progress = stack.enter_context(
            Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        )
        models = arguments.models.resolve()
        setup = Setup(
            stack.enter_context(programs.chain(models, logs)),
            models,
            logs,
            [make_photo("small", garment) for garment in GARMENTS],
            make_photo("large"),
            arguments.hostile,
        )
        for name in arguments.only:
            figure = _FIGURES[name]
            task = progress.add_task(name, total=figure.STEPS * arguments.rounds)

            def step(what: str, name: str = name, task: Any = task) -> None:
                progress.update(task, advance=1, description=f"{name}: {what}")

            if not console.is_terminal:
                console.print(f"measuring {name}")
            measured = figure.measure_rounds(setup, Plan(arguments.rounds, arguments.seconds, step))
            progress.remove_task(task)
            results.add(name, measured, figure.report(measured))
        if arguments.memory_requests:
            task = progress.add_task("memory of a worker", total=arguments.memory_requests)
            grown = memory.grown(
                setup, arguments.memory_requests, lambda n: progress.update(task, completed=n)
            )
            results.add("memory over many requests", None, grown)


if __name__ == "__main__":
    sys.exit(main())
