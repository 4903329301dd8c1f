"""Trials an hour of one sweep by two processes on PostgreSQL, compared with one process.

Run: python -m benchmarks.sweep_processes [--data DIR] [--trials 8] [--rounds 3]

Each process is pinned to a core of its own, as a pod with one core would be. Rounds of one and of
two processes alternate; each works on a new study with new runs, in a temporary folder and with a
PostgreSQL server of its own. Trials an hour are counted from the beginning of the first trial to
the end of the last one. The exit status is 1 if the bar is missed or a trial was run twice.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import optuna
from rich.console import Console

from tests.e2e.processes import ROOT
from tests.training.experiments.queue.postgresql import server
from training.runs.references import run_folders

BAR = 1.8
STUDY = "seeds"


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of the data sets")
    parser.add_argument("--recipe", default="clothing-dense128-adam", help="recipe to train")
    parser.add_argument("--trials", type=int, default=8, help="trials of a study (default 8)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (default 3)")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        parser.error("it takes two cores")
    console, ratios, repeated = Console(), [], 0
    with server() as running:
        for number in range(1, arguments.rounds + 1):
            found = {}
            for processes in (1, 2):
                hourly, twice = _measure(running.database(), cores[:processes], arguments)
                found[processes] = hourly
                repeated += twice
                console.print(f"round {number}: {processes} processes: {hourly:.0f} trials an hour")
            ratios.append(found[2] / found[1])
    ratio = statistics.median(ratios)
    console.print(
        f"ratio: median {ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f}), bar {BAR};"
        f" {repeated} trials run twice"
    )
    return int(ratio < BAR or repeated > 0)


def _measure(url: str, cores: list[int], arguments: argparse.Namespace) -> tuple[float, int]:
    """Return trials an hour, and the number of trials that were run twice."""
    with tempfile.TemporaryDirectory() as folder:
        seeds = ",".join(map(str, range(1, arguments.trials + 1)))
        command = [sys.executable, "-m", "training", "sweep", arguments.recipe]
        command += ["--grid", f"seed={seeds}", "--seeds", "0", "--study", STUDY, "--storage", url]
        command += ["--data", str(arguments.data.absolute())] if arguments.data else []
        started = [
            subprocess.Popen(
                ["taskset", "-c", str(core), *command, "--output", f"process-{core}"],
                cwd=folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
            )
            for core in cores
        ]
        if any(process.wait() for process in started):
            raise SystemExit("a sweep has failed")
        runs = len(run_folders(Path(folder, "runs")))
    driver = url.replace("postgresql://", "postgresql+psycopg://")
    trials = optuna.load_study(study_name=STUDY, storage=driver).get_trials()
    began = min(trial.datetime_start for trial in trials if trial.datetime_start)
    ended = max(trial.datetime_complete for trial in trials if trial.datetime_complete)
    hours = (ended - began).total_seconds() / 3600
    return arguments.trials / hours, max(len(trials), runs) - arguments.trials


if __name__ == "__main__":
    sys.exit(main())
