"""`label`: point a label, such as `canary`, at a version of a model."""

import argparse
import re

from training.commands.rollback_arguments import add_change, make_change, undoing_label
from training.errors import UsageError
from training.publishing.rollback.changes import remove_label, set_label
from training.publishing.rollback.served_model import ServedModel, State
from training.publishing.rollback.settings import CANARY, STABLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        "Point a label at a version, or remove the label. Requests that name neither a version nor"
        " a label keep the version that they get, unless the label is `stable`."
    )
    parser.add_argument("name", metavar="NAME", help="name of the model")
    parser.add_argument("label", metavar="LABEL", help="such as `canary` or `stable`")
    parser.add_argument(
        "version", nargs="?", metavar="VERSION", help="a number, `previous` or `newest`"
    )
    parser.add_argument("--remove", action="store_true", help="remove the label")
    add_change(parser)


def run(arguments: argparse.Namespace) -> None:
    """Set or remove the label, and say so with the command that undoes it."""
    name, label, version = arguments.name, arguments.label, arguments.version
    if (version is None) != arguments.remove:
        raise UsageError(f"give either the version that {label} is to name, or --remove")
    if version and not re.fullmatch(r"\w[\w.-]*", label):  # It is a part of URLs.
        raise UsageError(
            "a label is a word of letters, digits, periods, dashes and underscores, not"
            f" {label!r:.100}"
        )

    if arguments.model_base_path and label not in (CANARY, STABLE):
        raise UsageError(
            f"the label {label} needs a --model_config_file: a model server without one does not"
            f" list its labels, so the next change keeps {STABLE} and {CANARY} only"
        )

    def change(model: ServedModel) -> tuple[State, State]:
        return remove_label(model, label) if arguments.remove else set_label(model, label, version)

    make_change(arguments, change, undoing_label(name, label))
