"""`unknowns`: how many unknown photos a published model recognizes."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from training.commands.arguments import add_data, add_device, add_models
from training.console import figures_table, show


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("model", metavar="NAME[/VERSION]", help="without a version: the newest")
    add_models(parser)
    add_data(parser)
    parser.add_argument(
        "--photos",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="also test photos of anything else, a folder or a zip file; may be repeated",
    )
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write figures as JSON")
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Load the model and all sets that are found, and show and write the shares recognized."""
    from training.fitting.devices import choose_devices
    from training.json_files import write_json
    from training.judging.ood_evaluation import evaluate_ood
    from training.publishing.model_folder import find_version
    from training.publishing.published_model import PublishedModel

    folder = find_version(arguments.models, arguments.model)
    choose_devices(arguments.device)
    figures = evaluate_ood(PublishedModel(folder), arguments.data, arguments.photos)
    show(Console(), _table(figures))
    if arguments.output:
        write_json(arguments.output, figures)


def _table(figures: dict[str, Any]) -> Table:
    title = f"{figures['model']}/{figures['version']}"
    columns = ("photos", "recognized", "mean confidence", "AUROC in the card")
    table = figures_table("photos of", *columns, title=title)
    for name, found in figures["sets"].items():
        auroc = found["auroc"]
        table.add_row(
            name,
            f"{found['photos']:,}",
            f"{found['recognized']:.1%}",
            f"{found['confidence']:.1%}",
            "–" if auroc is None else f"{auroc:.4f}",
        )
    return table
