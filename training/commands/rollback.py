"""`rollback`: let an older version of a model serve, or the newest one again."""

import argparse
import shlex
import time
from typing import TYPE_CHECKING

from rich.console import Console

from training.commands.served import add_change, opened_place, options
from training.console import say

if TYPE_CHECKING:
    from training.publishing.served.place import Place, State

_DESCRIPTION = """\
Let another version of a model serve. The label `stable` moves if the model has labels; otherwise
the version is pinned, and versions published later do not serve until `rollback NAME newest`. The
version's files are checked before anything changes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument("name", metavar="NAME", help="name of the model")
    parser.add_argument("version", metavar="VERSION", help="a number, `previous` or `newest`")
    add_change(parser)


def run(arguments: argparse.Namespace) -> None:
    """Change which version serves, and say so with the command that takes it back."""
    from training.publishing.served.serve_version import roll_back

    console = Console()
    began = time.monotonic()
    with opened_place(arguments, console) as place:
        before, after = roll_back(place, arguments.version)
        seconds = time.monotonic() - began
    show_change(place, before, after, seconds, console)
    if before.settings != after.settings:
        back = [*_way_back(before, after), *options(arguments, place.target)]
        say(console, f"to take it back: {shlex.join(['python', '-m', 'training', *back])}")


def _way_back(before: "State", after: "State") -> list[str]:
    from training.publishing.served.changes import STABLE

    name = before.settings.name
    if STABLE in after.settings.labels and STABLE not in before.settings.labels:
        return ["label", name, STABLE, "--remove"]
    was_fixed = before.settings.labels or before.settings.policy.HasField("specific")
    return ["rollback", name, str(before.serving) if was_fixed else "newest"]


def show_change(
    place: "Place", before: "State", after: "State", seconds: float, console: Console
) -> None:
    """Say what serves now and what served before."""
    from training.publishing.served.summary import change_lines

    for line in change_lines(place, before, after, seconds):
        say(console, line)
