"""The command line: `python -m benchmarks.training`."""

import argparse
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.training.figures import FIGURES, HEADINGS, Outcome, row

_DESCRIPTION = """\
Run the published programs for Fashion-MNIST and our recipes in turn, seed by seed, each in a new
process, and compare the medians. Time is measured from arrays in memory to the trained model. All
figures take about 90 minutes on 2 cores, mostly for the program of 100 epochs."""

_PUBLISHED_EPOCHS = 100  # Of dense800-sgd.

Outcomes = dict[str, list[Outcome]]


def main() -> None:
    """Measure, print a table and save it."""
    arguments = _arguments()
    console = Console()
    arguments.output.mkdir(parents=True, exist_ok=True)
    outcomes: Outcomes = defaultdict(list)
    for seed in range(1, arguments.seeds + 1):
        for name, command in _commands(arguments.only, arguments.shorten):
            outcome = _run(command, seed, arguments.data)
            if arguments.shorten and name == "dense800-sgd":
                scale = _PUBLISHED_EPOCHS / arguments.shorten
                outcome = replace(outcome, seconds=outcome.seconds * scale, test=_reported())
            outcomes[name].append(outcome)
            console.print(
                f"seed {seed}  {name}: {outcome.seconds:.1f} s, test {outcome.test:.2%},"
                f" training {outcome.training:.2%}",
                highlight=False,
            )
            _save(arguments.output, arguments.only, outcomes, _notes(arguments))
    table = Table(*HEADINGS)
    for cells in _rows(arguments.only, outcomes):
        table.add_row(*cells)
    console.print(table)
    for note in _notes(arguments):
        console.print(note, highlight=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.training",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only",
        choices=FIGURES,
        nargs="+",
        default=list(FIGURES),
        help="measure these figures (default: all)",
    )
    parser.add_argument("--seeds", type=int, default=5, help="number of runs of each (default: 5)")
    parser.add_argument("--data", type=Path, help="folder of the data set (or PHOTOLABEL_DATA)")
    parser.add_argument(
        "--shorten",
        type=int,
        default=0,
        metavar="EPOCHS",
        help="run the program of 100 epochs for EPOCHS only, scale its time and use the accuracy"
        " reported by its author; the table says so",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("build/bench-training"),
        help="folder for results.json and results.md (default: build/bench-training)",
    )
    return parser.parse_args()


def _commands(names: Sequence[str], shorten: int) -> Iterator[tuple[str, list[str]]]:
    """Yield each program and each recipe of the figures once, with its command."""
    figures = [FIGURES[name] for name in names]
    for program in dict.fromkeys(figure.program for figure in figures):
        short = ["--epochs", str(shorten)] if shorten and program == "dense800-sgd" else []
        yield program, ["benchmarks.training.published", program, *short]
    for ours, figure in {figure.ours: figure for figure in figures}.items():
        changes = [word for change in figure.changes for word in ("--set", change)]
        yield ours, ["benchmarks.training.ours", figure.recipe, *changes]


def _run(command: list[str], seed: int, data: Path | None) -> Outcome:
    words = [sys.executable, "-m", *command, "--seed", str(seed)]
    words += ["--data", str(data)] if data else []
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(words, env=quiet, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"error: {' '.join(words[1:])} failed")
    return Outcome(**json.loads(done.stdout.splitlines()[-1]))


def _reported() -> float:
    return FIGURES["dense800"].published


def _rows(names: Sequence[str], outcomes: Outcomes) -> Iterator[tuple[str, ...]]:
    for name in names:
        theirs, ours = outcomes[FIGURES[name].program], outcomes[FIGURES[name].ours]
        if theirs and ours:
            yield row(name, theirs, ours)


def _notes(arguments: argparse.Namespace) -> list[str]:
    seeds = "1 seed" if arguments.seeds == 1 else f"{arguments.seeds} seeds"
    notes = [f"Medians of {seeds} on {os.cpu_count()} cores."]
    if arguments.shorten:
        notes.append(
            f"The published dense800-sgd ran for {arguments.shorten} epochs only: its time is"
            f" multiplied by {_PUBLISHED_EPOCHS / arguments.shorten:g}, and its test accuracy is"
            " the author's."
        )
    return notes


def _save(folder: Path, names: Sequence[str], outcomes: Outcomes, notes: list[str]) -> None:
    """Write the results so far."""
    runs = {name: [asdict(outcome) for outcome in made] for name, made in outcomes.items()}
    (folder / "results.json").write_text(
        json.dumps({"notes": notes, "runs": runs}, indent=1) + "\n", "utf-8"
    )
    lines = [HEADINGS, ("---",) * len(HEADINGS), *_rows(names, outcomes)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    (folder / "results.md").write_text("\n\n".join([table, *notes]) + "\n", "utf-8")


if __name__ == "__main__":
    main()
