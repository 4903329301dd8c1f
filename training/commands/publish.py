"""`publish`: publish a run that has ended."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import add_data, add_models
from training.commands.gate_arguments import add_gate, gate_policy
from training.commands.training import check_publishing


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("run", metavar="RUN", help="folder, name or key of a run")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the runs")
    parser.add_argument(
        "--recipe", metavar="FILE", help="where the recipe's own file is now (default: as noted)"
    )
    add_data(parser)
    parser.add_argument(
        "--also", type=Path, metavar="PATH", help="where the run's own photos are now"
    )
    add_models(parser, "publish into here")
    add_gate(parser)


def run(arguments: argparse.Namespace) -> None:
    """Publish a run if the gate lets it pass."""
    check_publishing()
    from training.pipeline.publish_run import publish_run
    from training.runs.references import find_run

    publish_run(
        find_run(arguments.runs, arguments.run),
        arguments.data,
        arguments.models,
        gate_policy(arguments),
        Console(),
        arguments.recipe,
        arguments.also,
    )
