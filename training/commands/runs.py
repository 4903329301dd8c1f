"""`runs`: list the runs; `runs show`: show one of them."""

import argparse
import json
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from training.commands.arguments import add_runs
from training.commands.show_run import show_run
from training.console import counted, plain_table, say, show_folded, whole_lines
from training.errors import UsageError
from training.runs.details import from_home, local_time
from training.runs.names import key_of
from training.runs.references import run_name
from training.runs.summary import STATUSES, RunSummary, summaries

_LONGEST_REASON = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_runs(parser)
    parser.add_argument("--recipe", help="only runs of this recipe")
    parser.add_argument("--model", metavar="NAME", help="only runs that train this model")
    parser.add_argument(
        "--status",
        action="append",
        choices=STATUSES,
        metavar="STATUS",
        help=f"only runs that are {', '.join(STATUSES[:-1])} or {STATUSES[-1]}; may be repeated",
    )
    parser.add_argument("--last", type=int, metavar="N", help="only the newest N")
    parser.add_argument("--json", action="store_true", help="print JSON")
    commands = parser.add_subparsers(metavar="show")
    one = commands.add_parser("show", help="show everything about a run")
    one.add_argument("run", metavar="RUN", help="folder, name or key of the run")
    one.add_argument("--runs", type=Path, default=argparse.SUPPRESS, help="folder of the runs")
    one.set_defaults(command=show_run)


def run(arguments: argparse.Namespace) -> None:
    """List the runs that the filters leave, the newest first."""
    if not (arguments.runs.is_dir() or arguments.runs == Path("runs")):
        raise UsageError(f"--runs {arguments.runs}: there is no such folder")
    if arguments.last is not None and arguments.last < 1:
        raise UsageError(f"--last is at least 1, not {arguments.last}")
    known, faults = summaries(arguments.runs)
    found = [each for each in known if _wanted(each, arguments)][: arguments.last]
    if arguments.json:
        records = [_record(arguments.runs, each) for each in found]
        sys.stdout.write(json.dumps(records, indent=1, ensure_ascii=False) + "\n")
    elif found:
        _print(found, known, arguments.runs)
    else:
        what = f"none of the {counted(len(known), 'run')}" if known else "there are no runs"
        say(Console(), f"{what} in {arguments.runs}{' matches' if known else ''}")
    for fault in faults:
        say(Console(stderr=True), fault)


def _wanted(each: RunSummary, arguments: argparse.Namespace) -> bool:
    return (
        arguments.recipe in (None, each.recipe)
        and arguments.model in (None, each.model)
        and each.status in (arguments.status or STATUSES)
    )


def _record(runs: Path, each: RunSummary) -> dict[str, Any]:
    fitted, wanted = each.epochs
    return {
        "run": run_name(runs, each.folder),
        **asdict(each),
        "folder": str(each.folder),
        "epochs": {"fitted": fitted, "of": wanted},
    }


def _print(found: Sequence[RunSummary], known: Sequence[RunSummary], runs: Path) -> None:
    """Print a table with a line for each run, or a narrower one that stacks some columns."""
    console = whole_lines()
    times = Counter(key_of(each.folder) for each in known)
    rows = [_row(each, runs, times[key_of(each.folder)] == 1) for each in found]
    show_folded(console, rows, _table, _stacked)


def _row(each: RunSummary, runs: Path, unique: bool) -> dict[str, str]:
    status = each.progress
    if each.process:
        status += f", {each.process}"
    if each.reason:
        status += f": {textwrap.shorten(each.reason, _LONGEST_REASON, placeholder='…')}"
    accuracy = each.validation_accuracy
    return {
        "run": key_of(each.folder) if unique else run_name(runs, each.folder),
        "began": local_time(each.began),
        "recipe": each.recipe,
        "model": each.model,
        "data": from_home(each.data_folder),
        "settings": each.settings,
        "status": status,
        "validation": "" if accuracy is None else f"{accuracy:.2%}",
        "version": f"{each.version} ({each.version_state})" if each.version else "",
    }


def _stacked(row: dict[str, str]) -> dict[str, str]:
    model = f"{row['model']} ({row['recipe']})"
    return {
        "run": f"{row['run']}\n{row['began']}",
        "model, settings, data": "\n".join(filter(None, (model, row["settings"], row["data"]))),
        "status": "\n".join(filter(None, (row["status"], row["version"]))),
        "validation": row["validation"],
    }


def _table(rows: Sequence[dict[str, str]]) -> Table:
    table = plain_table(rows[0], figures=("validation",), unbroken=("run",))
    for row in rows:
        table.add_row(*row.values())
    return table
