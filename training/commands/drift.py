"""`drift`: compare what a model says live with what it said when it was judged."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from training.commands.arguments import Commands, add_models
from training.errors import Drifted, Inconclusive, UsageError

if TYPE_CHECKING:
    from training.judging.live_drift import Compared  # SciPy takes half a second to import.

_LARGE = 0.25
_LEAST = 200
_ABOUT = """\
Compare the confidences and the classes in a gateway's metrics with those in the model's card, by
the population stability index (PSI). Exit status: 0 no drift, 4 drift (an index reaches
--threshold, and not by chance), 5 it can't be told (no photos of the model, or too few), 1 failed,
2 wrong command."""


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "drift",
        help="compare what a model says live with its card",
        description=_ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "model", metavar="NAME[/VERSION]", help="without a version: the newest that has answered"
    )
    parser.add_argument(
        "--metrics",
        required=True,
        metavar="URL|FILE",
        help="of the gateway, such as http://127.0.0.1:8080/metrics, or /federate of a Prometheus",
    )
    add_models(parser)
    parser.add_argument(
        "--threshold",
        type=float,
        default=_LARGE,
        metavar="PSI",
        help="from which on it is drift: 0.1 for small changes too (default %(default)s)",
    )
    parser.add_argument(
        "--least",
        type=int,
        default=_LEAST,
        metavar="PHOTOS",
        help="fewer live photos tell nothing (default %(default)s)",
    )
    parser.add_argument(
        "--only",
        choices=("confidences", "classes"),
        help="judge by this alone, such as where users' photos are not of all classes alike",
    )
    parser.set_defaults(command=drift)


def drift(arguments: argparse.Namespace) -> None:
    """Read metrics and card, show how far they are apart, and judge it."""
    if not 0 < arguments.threshold < float("inf"):
        raise UsageError(f"--threshold is a number above 0, not {arguments.threshold}")
    if arguments.least < 1:
        raise UsageError(f"--least is at least 1 photo, not {arguments.least}")
    if not arguments.metrics.strip():
        raise UsageError(
            f"--metrics is a URL or a file, not {arguments.metrics!r}, such as"
            " http://127.0.0.1:8080/metrics"
        )
    from training.judging.live import live, read_metrics
    from training.judging.live_drift import compare, version_seen
    from training.publishing.model_folder import find_version, read_card

    name, _, number = arguments.model.partition("/")
    find_version(arguments.models, arguments.model)
    found = live(read_metrics(arguments.metrics), name, arguments.metrics)
    if found is None:
        raise Inconclusive(f"the metrics have no photos of a model {name}")
    version = version_seen(found, number or None)
    folder = find_version(arguments.models, f"{name}/{version}" if version else arguments.model)
    compared = compare(read_card(folder), found, version, arguments.least)
    title = f"{name}/{folder.name}: its card beside {arguments.metrics}"
    if not version:
        title += ", which does not tell versions apart"
    _show(compared, title, Console())
    judged = [each for each in compared if arguments.only in (None, each.what)]
    drifted = [each for each in judged if each.drift.exceeds(arguments.threshold)]
    if drifted:
        told = " and ".join(f"{each.what} {each.drift.index:.3f}" for each in drifted)
        raise Drifted(
            f"{name}/{folder.name} has drifted: {told} (threshold {arguments.threshold:g})"
        )


def _show(compared: "Sequence[Compared]", title: str, console: Console) -> None:
    """Show the bins of each histogram, then the indices with their meaning."""
    console.print(title, highlight=False, markup=False, soft_wrap=True)
    for each in compared:
        table = _table(each.what, "card", "live")
        shares = zip(each.bins, each.then / each.then.sum(), each.now / each.now.sum(), strict=True)
        for name, then, now in shares:
            table.add_row(name, f"{then:.1%}", f"{now:.1%}")
        console.print(table, highlight=False, markup=False)
    for each in compared:
        console.print(
            f"{each.what}: PSI {each.drift.index:.3f} between {each.then.sum():,.0f} photos of the"
            f" card and {each.now.sum():,.0f} live ones (by chance up to {each.drift.chance:.3f}):"
            f" {each.drift.meaning()}",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )


def _table(first: str, *others: str) -> Table:
    table = Table()
    table.add_column(first)
    for name in others:
        table.add_column(name, justify="right")
    return table
