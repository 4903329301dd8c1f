"""`drift`: compare a model's live predictions with those on its test photos."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from training.commands.arguments import add_models
from training.console import figures_table, say, show
from training.errors import Drifted, Inconclusive, UsageError

if TYPE_CHECKING:
    from training.judging.drift import Comparison  # SciPy takes half a second to import.

_DESCRIPTION = """\
Compare the confidences and the predicted classes in a gateway's metrics with those in the model's
card, by the population stability index (PSI). Exit status: 0 no drift, 4 drift (an index reaches
--threshold, and not by chance), 5 inconclusive (no photos of the model, or too few), 1 failed,
2 usage error."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument(
        "model",
        metavar="NAME[/VERSION]",
        help="without a version: the newest that has classified photos",
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
        default=0.25,
        metavar="PSI",
        help="lowest index that counts as drift; 0.1 includes small changes (default %(default)s)",
    )
    parser.add_argument(
        "--least",
        type=int,
        default=200,
        metavar="PHOTOS",
        help="number of live photos that are needed (default %(default)s)",
    )
    parser.add_argument(
        "--only",
        choices=("confidences", "classes"),
        help="consider only these, for example if users photograph some classes more often",
    )


def run(arguments: argparse.Namespace) -> None:
    """Read metrics and card, show how much they differ, and decide whether that is drift."""
    if not 0 < arguments.threshold < float("inf"):
        raise UsageError(f"--threshold must be a number above 0, not {arguments.threshold}")
    if arguments.least < 1:
        raise UsageError(f"--least must be at least 1 photo, not {arguments.least}")
    if not arguments.metrics.strip():
        raise UsageError(
            f"--metrics is a URL or a file, not {arguments.metrics!r}, such as"
            " http://127.0.0.1:8080/metrics"
        )
    from training.judging.drift import choose_version, compare
    from training.judging.gateway_metrics import live_counts, read_metrics
    from training.model_cards import VERSION_CARD, read_card
    from training.publishing.model_folder import find_version

    name, _, number = arguments.model.partition("/")
    find_version(arguments.models, arguments.model)
    live = live_counts(read_metrics(arguments.metrics), name, arguments.metrics)
    if live is None:
        raise Inconclusive(f"the metrics have no photos of a model {name}")
    version = choose_version(live, number or None)
    folder = find_version(arguments.models, f"{name}/{version}" if version else arguments.model)
    comparisons = compare(read_card(folder / VERSION_CARD), live, version, arguments.least)
    title = f"{name}/{folder.name}: its card compared with {arguments.metrics}"
    if not version:
        title += ", which has no versions"
    _show(comparisons, title, Console())
    considered = [each for each in comparisons if arguments.only in (None, each.what)]
    drifted = [each for each in considered if each.index.exceeds(arguments.threshold)]
    if drifted:
        indices = " and ".join(f"{each.what} {each.index.value:.3f}" for each in drifted)
        raise Drifted(
            f"{name}/{folder.name} has drifted: {indices} (threshold {arguments.threshold:g})"
        )


def _show(comparisons: "Sequence[Comparison]", title: str, console: Console) -> None:
    """Show the bins of each histogram, then the indices with their meaning."""
    say(console, title)
    for each in comparisons:
        table = figures_table(each.what, "card", "live")
        shares = (counts / counts.sum() for counts in (each.card, each.live))
        for name, card, live in zip(each.bins, *shares, strict=True):
            table.add_row(name, f"{card:.1%}", f"{live:.1%}")
        show(console, table)
    for each in comparisons:
        say(
            console,
            f"{each.what}: PSI {each.index.value:.3f} between {each.card.sum():,.0f} photos of the"
            f" card and {each.live.sum():,.0f} live ones (by chance up to {each.index.chance:.3f}):"
            f" {each.index.meaning()}",
        )
