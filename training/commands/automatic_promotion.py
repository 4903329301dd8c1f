"""`promote --auto`: the gateways' metrics decide whether a canary becomes stable."""

import argparse
import shlex
from collections.abc import Callable

from rich.console import Console

from training.commands.rollback_arguments import opened, options
from training.console import say
from training.errors import Refused, TrainingError, UsageError
from training.publishing.rollback.changes import number_of
from training.publishing.rollback.settings import CANARY, STABLE

_IGNORABLE = ("latency", "confidence", "classes")


def add_automatic(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `--auto`."""
    group = parser.add_argument_group("with --auto")
    group.add_argument(
        "--metrics",
        action="append",
        default=[],
        metavar="URL",
        help="metrics of a gateway, such as http://127.0.0.1:8080/metrics, of each one if there are"
        " several; or /federate of a Prometheus",
    )
    group.add_argument(
        "--requests",
        type=int,
        default=1000,
        metavar="N",
        help="promote after N requests of each version without a sign of harm (default"
        " %(default)s)",
    )
    group.add_argument(
        "--minutes",
        type=float,
        default=120.0,
        metavar="M",
        help="give up after M minutes, and leave the canary as it is (default %(default)g)",
    )
    group.add_argument(
        "--every",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="read the metrics every so many seconds (default %(default)g)",
    )
    group.add_argument(
        "--ignore",
        action="append",
        default=[],
        choices=_IGNORABLE,
        help="do not judge by this, for example because the version is meant to be less sure; may"
        " be repeated",
    )


def check_automatic(arguments: argparse.Namespace) -> None:
    """Raise UsageError if the arguments of `--auto` are missing or out of range."""
    if arguments.auto != bool(arguments.metrics):
        raise UsageError("--auto needs --metrics URL, and --metrics needs --auto")
    if arguments.requests < 1:
        raise UsageError(f"--requests is at least 1, not {arguments.requests}")
    for name in ("minutes", "every"):
        if not 0 < (value := getattr(arguments, name)) < float("inf"):
            raise UsageError(f"--{name} is a number above 0, not {value:g}")


def roll_out(
    arguments: argparse.Namespace, move: Callable[[str, str], None], share: Callable[[], None]
) -> None:
    """Make a version the canary, watch it, and make it stable or stable the canary again.

    Args:
        arguments: of the command.
        move: points a label at a version.
        share: sets the canary's share, if one is given.

    Raises:
        Refused: the version was rolled back.
        Inconclusive: the metrics did not tell in time.
        TrainingError: a step failed.
    """
    from training.judging.canary.watch import Plan, Watch  # Imports NumPy.

    console, name = Console(), arguments.name
    canary, stable = _versions(arguments)
    seconds = 60 * arguments.minutes
    plan = Plan(arguments.metrics, arguments.requests, seconds, arguments.every, arguments.ignore)
    watch = Watch(name, plan)  # Before anything changes: the metrics must be there.
    move(CANARY, str(canary))
    share()
    say(console, f"comparing version {canary}, the canary, with version {stable}, which serves")
    try:
        finding = watch.decide(canary, stable, lambda line: say(console, line))
    except KeyboardInterrupt:
        words = ["promote", name, str(stable), "--label", CANARY, *options(arguments)]
        command = shlex.join(["python", "-m", "training", *words])
        say(console, f"interrupted: version {canary} stays the canary; to take it back: {command}")
        raise
    _check_unchanged(arguments, canary, stable)
    if finding.decision == "promote":
        say(console, f"version {canary} is promoted: {finding.reason}")
        move(STABLE, str(canary))
        return
    move(CANARY, str(stable))
    raise Refused(f"version {canary} was rolled back: {finding.reason}")


def _versions(arguments: argparse.Namespace) -> tuple[int, int]:
    """Return the version to judge, and the one that serves."""
    with opened(arguments) as model:
        state = model.state()
    canary = number_of(arguments.version, state, arguments.name)
    stable = state.serving
    if canary is None or stable is None:
        raise TrainingError(
            "which version serves, or is the newest, is unknown here: give the number, and the"
            f" label first (label {arguments.name} {STABLE} VERSION)"
        )
    if canary == stable:
        raise TrainingError(
            f"version {canary} of {arguments.name} serves already: give the label {STABLE} to the"
            f" one before first (promote {arguments.name} previous --label {STABLE})"
        )
    return canary, stable


def _check_unchanged(arguments: argparse.Namespace, canary: int, stable: int) -> None:
    with opened(arguments) as model:
        state = model.state()
    labelled = state.settings.labels.get(CANARY)
    if (labelled, state.serving) != (canary, stable):
        raise TrainingError(
            f"somebody else has changed the labels of {arguments.name}: canary is version"
            f" {labelled}, and version {state.serving} serves; nothing was done"
        )
