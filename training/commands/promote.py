"""`promote`: roll a version out, as the canary and then to everyone."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.automatic_promotion import add_automatic, check_automatic, roll_out
from training.commands.rollback_arguments import add_change, make_change, undoing_label
from training.console import say
from training.errors import UsageError
from training.publishing.gate_policy import TOLERANCE
from training.publishing.rollback.canary_share import KEY, check_shares, set_share
from training.publishing.rollback.changes import number_of, set_label
from training.publishing.rollback.config_map import ConfigMapFile
from training.publishing.rollback.promotion import check_promotion
from training.publishing.rollback.served_model import ServedModel, State
from training.publishing.rollback.settings import CANARY, STABLE
from training.publishing.rollback.text_file import LocalFile, TextFile

_DESCRIPTION = """\
Roll a version out: `--label canary` gives it a share of the requests, `--label stable` all of
them, and `--auto` does both, if the gateways' metrics show no harm. Before, its files are checked,
and its model card is compared with that of the version that serves. The way back is the same
command with the older version. Exit status: 3 if the version is refused, or was rolled back by
--auto; 5 if --auto could not decide; 130 if it was interrupted."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument("name", metavar="NAME", help="name of the model")
    parser.add_argument("version", metavar="VERSION", help="a number, `previous` or `newest`")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--label", choices=(CANARY, STABLE), help="which requests the version is to get"
    )
    what.add_argument(
        "--auto",
        action="store_true",
        help="make it the canary, compare its metrics with those of `stable`, and then make it"
        " `stable`, or let the canary be `stable` again",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        metavar="POINTS",
        help="how many percentage points of accuracy it may lose against the version that serves,"
        " as their cards state it for the same photos (default %(default)g)",
    )
    parser.add_argument(
        "--share",
        type=float,
        metavar="SHARE",
        help="share of the requests that the canary gets, 0 to 1; needs --shares-file or"
        " --shares-config-map",
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--shares-file",
        type=Path,
        metavar="FILE",
        help="PHOTOLABEL_CANARY_SHARES_FILE of the gateways",
    )
    where.add_argument(
        "--shares-config-map",
        metavar="[NAMESPACE/]NAME",
        help=f"the Kubernetes ConfigMap with that file, as {KEY}; needs kubectl",
    )
    add_automatic(parser)
    add_change(parser)


def run(arguments: argparse.Namespace) -> None:
    """Move a label, and the share if one is given; or let the metrics decide."""
    shares = _shares(arguments)
    if not 0 <= arguments.tolerance <= 100:
        raise UsageError(f"--tolerance is 0 to 100 points of accuracy, not {arguments.tolerance}")
    check_automatic(arguments)

    def move(label: str, version: str) -> None:
        _move(arguments, label, version)

    def share() -> None:
        if shares:
            set_share(shares, arguments.name, arguments.share)
            say(Console(), f"the canary gets {100 * arguments.share:g}% of the requests ({shares})")

    if arguments.auto:
        roll_out(arguments, move, share)
    else:
        move(arguments.label, arguments.version)
        share()


def _shares(arguments: argparse.Namespace) -> TextFile | None:
    """Return the file of shares that is to be changed."""
    file, config_map = arguments.shares_file, arguments.shares_config_map
    if arguments.share is None:
        if config_map or file:
            raise UsageError("--shares-file and --shares-config-map need --share SHARE")
        return None
    if not 0 <= arguments.share <= 1:
        raise UsageError(f"--share is a number from 0 to 1, not {arguments.share:g}")
    if arguments.label == STABLE:
        raise UsageError("--share is that of the canary: it goes with --label canary or --auto")
    if not config_map and not file:
        raise UsageError("--share needs --shares-file FILE or --shares-config-map NAME")
    found: TextFile = (
        ConfigMapFile(config_map, KEY, "--shares-config-map") if config_map else LocalFile(file)
    )
    check_shares(found)  # A mistake is to be noticed before anything changes.
    return found


def _move(arguments: argparse.Namespace, label: str, wanted: str) -> None:
    """Check a version, and point a label at it."""
    name = arguments.name

    def change(model: ServedModel) -> tuple[State, State]:
        state = model.state()
        version = number_of(wanted, state, name)
        if version is not None:
            check_promotion(model, state, version, arguments.tolerance)
        return set_label(model, label, wanted if version is None else str(version))

    make_change(arguments, change, undoing_label(name, label))
