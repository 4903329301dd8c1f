"""The command `bulk`: classify all photos of a folder tree into a file."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import shtab
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from ...bulk import BulkError, Interrupted, Options, ServerAway, Summary, classify_folder
from ...bulk.files import batches, photos
from ..options import add_server, api_key
from ..parser import positive
from ..tables import one_line
from . import ray_job

_LINE_SECONDS = 10.0
_EPILOG = """\
exit status:
  0    every photo was classified
  1    the server refused the requests
  2    wrong usage, or a file that can't be read or written
  3    done, but some photos are bad: their rows have an error
  75   the server was away for too long; the same command resumes
  130  interrupted; the same command resumes
"""


def add(commands: Any) -> None:
    """Add the parser of this command."""
    parser = commands.add_parser(
        "bulk",
        help="classify all photos of a folder tree",
        description="Classify all photos of a folder tree into a file.",
        epilog=_EPILOG,
    )
    option = parser.add_argument
    option("model", help="the model's name, such as clothing")
    folder = "the photos, in it and its folders"
    option("folder", help=folder).complete = shtab.DIRECTORY
    out = "results: a .csv, .jsonl or .parquet file"
    option("--out", required=True, help=out).complete = shtab.FILE
    option("--top", type=positive, metavar="K", help="keep the K most probable classes")
    selection = parser.add_mutually_exclusive_group()
    selection.add_argument("--version", type=int, metavar="N", help="use this version")
    selection.add_argument("--label", help="use the version with this label")
    where = "keep only such rows: recognized=false, probability<0.6, label=Shirt (repeatable)"
    option("--where", action="append", default=[], metavar="CONDITION", help=where)
    sort = "link the photos into folders by class"
    option("--sort-into", type=Path, metavar="DIR", help=sort).complete = shtab.DIRECTORY
    option("--dry-run", action="store_true", help="only count photos and requests")
    add_server(parser)
    give_up = "end after so long without an answer (default: %(default)g)"
    option("--give-up", type=float, default=600.0, metavar="SECONDS", help=give_up)
    ray = "use the Ray cluster at this address; FOLDER and --out may then be URIs (docs/bulk.md)"
    option("--ray", metavar="ADDRESS", help=ray)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit status."""
    try:
        if arguments.ray is not None:
            return ray_job.run(arguments, _options(arguments))
        arguments.folder, arguments.out = Path(arguments.folder), Path(arguments.out)
        total, requests = _count(arguments)
        if arguments.dry_run:
            print(f"{total} photos, {requests} requests")  # noqa: T201
            return 0
        return _classify(arguments, total)
    except (BulkError, ValueError) as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr)  # noqa: T201
        if isinstance(error, ServerAway):
            return 75
        return 130 if isinstance(error, Interrupted) else 2


def _count(arguments: argparse.Namespace) -> tuple[int, int]:
    if not arguments.folder.is_dir():
        raise BulkError(f"{arguments.folder} is not a folder")
    total = requests = 0
    for batch in batches(photos(arguments.folder, arguments.sort_into), lambda _: False):
        total += len(batch.images)
        requests += 1
    return total, requests


def _options(arguments: argparse.Namespace) -> Options:
    names = ("version", "label", "top", "where", "sort_into", "client_id", "timeout", "give_up")
    return Options(
        api_key=api_key(arguments),
        headers=dict(arguments.header),
        **{name: getattr(arguments, name) for name in names},
    )


def _classify(arguments: argparse.Namespace, total: int) -> int:
    options = _options(arguments)
    with _Display(total) as display:
        summary = classify_folder(
            arguments.url,
            arguments.model,
            arguments.folder,
            arguments.out,
            options,
            said=display.say,
            progressed=display.update,
        )
    resumed = f", {summary.resumed} of them by earlier runs" if summary.resumed else ""
    rows = f"{summary.kept} of " if arguments.where else ""
    text = f"{rows}{summary.photos} photos in {arguments.out}{resumed}; {summary.bad} bad"
    print(text)  # noqa: T201
    return 3 if summary.bad or summary.unsorted else 0


class _Display:
    """A bar on a terminal, otherwise a line now and then, on standard error."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._console = Console(stderr=True)
        columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
        self._bar = Progress(*columns, TimeRemainingColumn(), console=self._console)
        self._task = self._bar.add_task("", total=total, rate="")
        self._began = self._line = time.monotonic()
        self._first: int | None = None

    def __enter__(self) -> "_Display":
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def say(self, text: str) -> None:
        self._console.print(one_line(text), markup=False, highlight=False, soft_wrap=True)

    def update(self, summary: Summary) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = summary.photos
        rate = (summary.photos - self._first) / max(now - self._began, 1e-3)
        if self._console.is_terminal:
            self._bar.update(self._task, completed=summary.photos, rate=f"{rate:.0f}/s")
        elif now - self._line > _LINE_SECONDS:
            self._line = now
            left = f", {(self._total - summary.photos) / rate:.0f} s left" if rate else ""
            self.say(f"{summary.photos}/{self._total} photos, {rate:.0f}/s{left}")
