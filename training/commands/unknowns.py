"""`unknowns`: how well a published model tells what it never saw."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from training.commands.arguments import Commands, add_data, add_device, add_models


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "unknowns", help="let a published model tell photos of what it never saw"
    )
    parser.add_argument("model", metavar="NAME[/VERSION]", help="without a version: the newest")
    add_models(parser)
    add_data(parser)
    parser.add_argument(
        "--photos",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="photos of anything else too, a folder or a zip file; may be repeated",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the figures as JSON too")
    add_device(parser)
    parser.set_defaults(command=unknowns)


def unknowns(arguments: argparse.Namespace) -> None:
    """Load the model and all sets that are found, and show and write which part is recognized."""
    from training.fitting.devices import choose_devices
    from training.judging.ood_evaluation import accepted
    from training.publishing.model_folder import find_version
    from training.publishing.published import PublishedModel
    from training.runs.files import write_json

    folder = find_version(arguments.models, arguments.model)
    choose_devices(arguments.device)
    figures = accepted(PublishedModel(folder), arguments.data, arguments.photos)
    Console().print(_table(figures), highlight=False, markup=False)
    if arguments.output:
        write_json(arguments.output, figures)


def _table(figures: dict[str, Any]) -> Table:
    table = Table(title=f"{figures['model']}/{figures['version']}")
    table.add_column("photos of")
    for name in ("photos", "recognized", "mean confidence", "AUROC in the card"):
        table.add_column(name, justify="right")
    for name, told in figures["sets"].items():
        card = told["auroc"]
        table.add_row(
            name,
            f"{told['photos']:,}",
            f"{told['recognized']:.1%}",
            f"{told['confidence']:.1%}",
            "–" if card is None else f"{card:.4f}",
        )
    return table
