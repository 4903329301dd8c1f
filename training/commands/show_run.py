"""Showing one run, for `runs show`."""

import argparse
import shlex
from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from training.console import in_one_line, say, show, whole_lines
from training.overrides import hyperparameters, shown_value
from training.runs.again import (
    UNFINISHED,
    changed_since,
    command_again,
    different_today,
    own_recipe,
    settings_of,
)
from training.runs.details import details, files
from training.runs.folders import read_run
from training.runs.references import find_run, run_name
from training.runs.summary import summary


def show_run(arguments: argparse.Namespace) -> None:
    """Print everything that is known about a run, and the command that makes it again."""
    folder = find_run(arguments.runs, arguments.run)
    run, facts, console = summary(folder), read_run(folder), whole_lines()
    own = own_recipe(facts)
    say(console, run_name(arguments.runs, folder))
    show(console, _aligned(details(run, facts)))
    settings, changed = settings_of(facts, own), changed_since(facts, own)
    usual = hyperparameters(own) if own else {}
    _head(console, "settings (*: not the recipe's own)" if changed else "settings")
    rows = (
        (f"{'*' if name in changed else ' '} {name}", _value(value, usual.get(name)))
        for name, value in settings.items()
    )
    show(console, _aligned(rows))
    _head(console, f"files in {folder}")
    show(console, _aligned((name, f"{size:,} bytes") for name, size in files(folder)))
    if run.status in ("evaluated", "refused"):
        _head(console, "to publish it:" if run.status == "evaluated" else "to publish it anyway:")
        say(console, _publish_command(folder, force=run.status == "refused"))
    unfinished = run.status in UNFINISHED
    _head(console, "to resume it:" if unfinished else "to make it again:")
    say(console, command_again(facts, arguments.runs, fresh=not unfinished))
    for why in different_today(facts, own):
        say(console, f"not the same today: {why}")


def _publish_command(folder: Path, *, force: bool) -> str:
    words = ["python", "-m", "training", "publish", str(folder)]
    return shlex.join([*words, "--force"] if force else words)


def _head(console: Console, text: str) -> None:
    console.print()
    say(console, text)


def _aligned(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, in_one_line(value))
    return table


def _value(value: object, usual: object) -> str:
    now = tuple(value) if isinstance(value, list) else value
    text = shown_value(value)
    return text if now == usual or usual is None else f"{text} (recipe: {shown_value(usual)})"
