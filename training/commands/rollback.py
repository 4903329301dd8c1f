"""`rollback`: serve an older version of a model, or the newest one again."""

import argparse

from training.commands.rollback_arguments import add_change, make_change
from training.publishing.rollback.changes import roll_back
from training.publishing.rollback.served_model import State
from training.publishing.rollback.settings import STABLE

_DESCRIPTION = """\
Serve another version of a model. If the model has labels, `stable` moves to that version; otherwise
the version is pinned, and versions published later do not serve until `rollback NAME newest`. The
version's files are checked before anything changes."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument("name", metavar="NAME", help="name of the model")
    parser.add_argument("version", metavar="VERSION", help="a number, `previous` or `newest`")
    add_change(parser)


def run(arguments: argparse.Namespace) -> None:
    """Change which version serves, and say so with the command that undoes it."""
    make_change(arguments, lambda model: roll_back(model, arguments.version), _undoing)


def _undoing(before: State, after: State) -> list[str]:
    name = before.settings.name
    if STABLE in after.settings.labels and STABLE not in before.settings.labels:
        return ["label", name, STABLE, "--remove"]
    was_fixed = before.settings.labels or before.settings.policy.HasField("specific")
    return ["rollback", name, str(before.serving) if was_fixed else "newest"]
