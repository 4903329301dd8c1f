"""The command line: `python -m benchmarks.autoscaling`."""

import argparse
import concurrent.futures
import dataclasses
import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import track

from benchmarks.autoscaling import report
from benchmarks.autoscaling.real_gateway import compare
from benchmarks.autoscaling.scenarios import scenarios
from benchmarks.autoscaling.simulation import Result, Scenario, Simulation
from benchmarks.autoscaling.traffic import HOUR, PHOTOS, Day

_DESCRIPTION = """\
Simulate a day of gateways with a spike of 10× at 19:00, and count the photos that get 429: with the
settings of the manifests, and with others. Every photo is simulated, with the gateway's own queue.

Results are printed and written to results.json, results.md and spike.png."""

_SPIKE = 18.95 * HOUR, 19.15 * HOUR
_SHOWN = 5  # scenarios in the plot
# Photos with less processor time are posted more often, so that the pods are as busy.
_PEAKS = {name: 33 * 0.052 / each.cpu_seconds for name, each in PHOTOS.items()}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.autoscaling",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", type=int, default=1, help="of the day (default: 1)")
    parser.add_argument(
        "--spikes", type=int, default=4, help="spikes with other seeds (default: 4)"
    )
    photo_help = "what is posted; cheaper ones as many times more often (default: camera)"
    parser.add_argument("--photo", choices=PHOTOS, default="camera", help=photo_help)
    parser.add_argument("--spike-only", action="store_true", help="simulate no whole day")
    parser.add_argument(
        "--real",
        action="store_true",
        help="instead: compare the simulated queue with a real gateway on this machine",
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="of --real, 2 minutes each (default: 3)"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes")
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/bench-autoscaling"),
        help="folder for the results (default: build/bench-autoscaling)",
    )
    return parser.parse_args()


def _simulate(scenario: Scenario) -> Result:
    return Simulation(scenario).run()


def main() -> int:
    """Simulate, print the table and save it; return the exit status."""
    arguments = _arguments()
    console = Console(width=None if sys.stdout.isatty() else 160)
    if arguments.real:
        console.print(compare(arguments.rounds).to_rich())
        return 0
    replace = dataclasses.replace
    day = Day(peak=_PEAKS[arguments.photo])
    chosen = [
        replace(each, day=day, photo=PHOTOS[arguments.photo], seed=arguments.seed)
        for each in scenarios()
    ]
    seeds = range(arguments.seed + 1, arguments.seed + 1 + arguments.spikes)
    spikes = [replace(each, seed=seed).between(*_SPIKE) for each in chosen for seed in seeds]
    days = [each.between(*_SPIKE) for each in chosen] if arguments.spike_only else chosen
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        running = pool.map(_simulate, [*days, *spikes])
        total = len(days) + len(spikes)
        results = list(track(running, "simulating", total, console=console, transient=True))
    found, others = results[: len(days)], results[len(days) :]
    count = arguments.spikes
    grouped = [others[index * count : (index + 1) * count] for index in range(len(days))]
    page = report.table(found, grouped)
    console.print(page.to_rich())
    arguments.output.mkdir(parents=True, exist_ok=True)
    (arguments.output / "results.md").write_text(page.to_markdown())
    text = json.dumps([each.to_json() for each in results], indent=1)
    (arguments.output / "results.json").write_text(text)
    report.plot(found[:_SHOWN], arguments.output / "spike.png")
    console.print(f"saved: {arguments.output}/results.json, results.md and spike.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
