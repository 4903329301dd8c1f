"""`label`: let a label, such as `canary`, name a version of a model."""

import argparse
import re
import shlex
import time

from rich.console import Console

from training.commands.rollback import show_change
from training.commands.served import add_change, opened_place, options
from training.console import say
from training.errors import UsageError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        "Let a label name a version, or remove the label. Requests that name neither keep the"
        " version that they get, unless the label is `stable`."
    )
    parser.add_argument("name", metavar="NAME", help="name of the model")
    parser.add_argument("label", metavar="LABEL", help="such as `canary` or `stable`")
    parser.add_argument(
        "version", nargs="?", metavar="VERSION", help="a number, `previous` or `newest`"
    )
    parser.add_argument("--remove", action="store_true", help="remove the label")
    add_change(parser)


def run(arguments: argparse.Namespace) -> None:
    """Set or remove the label, and say so with the command that takes it back."""
    from training.publishing.served.serve_version import remove_label, set_label

    label = arguments.label
    if (arguments.version is None) != arguments.remove:
        raise UsageError(f"give either the version that {label} is to name, or --remove")
    if arguments.version and not re.fullmatch(r"\w[\w.-]*", label):  # It is a part of URLs.
        raise UsageError(
            "a label is a word of letters, digits, periods, dashes and underscores, not"
            f" {label!r:.100}"
        )
    console = Console()
    began = time.monotonic()
    with opened_place(arguments, console) as place:
        if arguments.remove:
            before, after = remove_label(place, label)
        else:
            before, after = set_label(place, label, arguments.version)
        seconds = time.monotonic() - began
    show_change(place, before, after, seconds, console)
    if before.settings != after.settings:
        old = before.settings.labels.get(label)
        words = ["label", arguments.name, label, "--remove" if old is None else str(old)]
        words = ["python", "-m", "training", *words, *options(arguments, place.target)]
        say(console, f"to take it back: {shlex.join(words)}")
