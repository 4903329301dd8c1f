"""How a model is published, as arguments."""

import argparse
from pathlib import Path

from training.errors import UsageError
from training.publishing.gate_policy import TOLERANCE, GatePolicy


def add_gate(parser: argparse.ArgumentParser, tolerance: float = TOLERANCE) -> None:
    """Add how strict the publishing gate is: see `gate_policy`."""
    parser.add_argument(
        "--tolerance",
        type=float,
        default=tolerance,
        metavar="POINTS",
        help="how many percentage points of accuracy the model may lose against the version that"
        " serves or the best one so far (default %(default)g)",
    )
    parser.add_argument(
        "--force", action="store_true", help="publish even if the gate refuses; the card records it"
    )
    parser.add_argument(
        "--without-report",
        action="store_true",
        help="publish a small version: without its report and pictures of mistakes in its card",
    )
    parser.add_argument(
        "--model_config_file",
        type=Path,
        metavar="FILE",
        help="the model server's config file, whose label `stable` or policy says which version"
        " serves (default: the model's own .serving.config)",
    )


def gate_policy(arguments: argparse.Namespace) -> GatePolicy:
    """Return what the arguments of `add_gate` say.

    Raises:
        UsageError: the tolerance is out of range, or the config file can't be read.
    """
    if not 0 <= arguments.tolerance <= 100:
        raise UsageError(f"--tolerance is 0 to 100 points of accuracy, not {arguments.tolerance}")
    config_file = arguments.model_config_file
    if config_file:  # Before hours are spent on training.
        from training.publishing.serving_version import checked_config_file

        config_file = checked_config_file(config_file)
    report = not arguments.without_report
    return GatePolicy(arguments.tolerance, arguments.force, config_file, report)
