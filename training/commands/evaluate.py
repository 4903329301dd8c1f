"""`evaluate`: score a published model on any data."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from training.commands.arguments import Commands, add_data, add_device, add_models
from training.errors import TrainingError
from training.recipes import recipe_named

_SPLITS = ("test", "validation", "training")


def add(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser("evaluate", help="score a published model on any data")
    parser.add_argument("model", metavar="NAME[/VERSION]", help="without a version: the newest")
    add_models(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--recipe", help="on the data of this recipe, a name or a file (default: its own)"
    )
    what.add_argument(
        "--photos", type=Path, metavar="FOLDER", help="on photos, a sub-folder for each label"
    )
    add_data(parser)
    parser.add_argument("--split", choices=_SPLITS, default="test", help="on which part of it")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the figures as JSON too")
    add_device(parser)
    parser.set_defaults(command=evaluate)


def evaluate(arguments: argparse.Namespace) -> None:
    """Load the model and the data, and show and write the figures."""
    recipe = recipe_named(arguments.recipe) if arguments.recipe else None
    from training.fitting.devices import choose_devices
    from training.judging.scoring import folder_material, recipe_material, score
    from training.publishing.model_folder import find_version
    from training.publishing.published import PublishedModel

    console = Console()
    folder = find_version(arguments.models, arguments.model)
    choose_devices(arguments.device)
    model = PublishedModel(folder)
    if arguments.photos:
        material = folder_material(model, arguments.photos, arguments.split, console)
    else:
        material = recipe_material(model, recipe, arguments.data, arguments.split, console)
    figures = score(model, material)
    _show(figures, console)
    if arguments.output:
        _write(figures, arguments.output)


def _show(figures: dict[str, Any], console: Console) -> None:
    def say(text: str) -> None:
        console.print(text, highlight=False, markup=False, soft_wrap=True)

    for fault in figures["photos_left_out"]:
        say(f"left out: {fault}")
    low, high = figures["accuracy_interval"]
    say(
        f"{figures['model']}/{figures['version']} on {figures['data']}: accuracy"
        f" {figures['accuracy']:.2%} (95% interval {low:.2%} to {high:.2%}) of"
        f" {figures['photos']:,} photos, loss {figures['loss']:.4f},"
        f" {figures['images_per_second']:,.0f} images per second"
    )
    table = Table()
    table.add_column("class")
    for name in ("photos", "precision", "recall", "F1"):
        table.add_column(name, justify="right")
    for label, shares in figures["classes"].items():
        parts = (_percent(shares[name]) for name in ("precision", "recall", "f1"))
        table.add_row(label, f"{shares['photos']:,}", *parts)
    console.print(table, highlight=False, markup=False)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _write(figures: dict[str, Any], path: Path) -> None:
    text = json.dumps(figures, indent=2, ensure_ascii=False) + "\n"
    try:
        path.write_text(text, "utf-8")
    except OSError as error:
        raise TrainingError(f"cannot write {path} ({error.strerror or error})") from error
