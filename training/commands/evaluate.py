"""`evaluate`: score a published model on any photos."""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console

from training.commands.arguments import add_data, add_device, add_models
from training.console import figures_table, say, say_left_out, show
from training.json_files import write_json
from training.recipes import recipe_named

_SPLITS = ("test", "validation", "training")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("model", metavar="NAME[/VERSION]", help="without a version: the newest")
    add_models(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--recipe", help="on the data set of this recipe, a name or a file (default: the model's)"
    )
    what.add_argument(
        "--photos",
        type=Path,
        metavar="PATH",
        help="on photos: a folder or a zip file with a sub-folder for each label, or a list (.csv,"
        " .jsonl); those of `other` are left out",
    )
    add_data(parser)
    parser.add_argument("--split", choices=_SPLITS, default="test", help="part of the data set")
    parser.add_argument("--output", type=Path, metavar="FILE", help="also write figures as JSON")
    parser.add_argument(
        "--predictions",
        type=Path,
        metavar="FILE",
        help="also write the prediction for each photo as CSV",
    )
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Load the model and the photos, and show and write the figures."""
    recipe = recipe_named(arguments.recipe) if arguments.recipe else None
    from training.fitting.devices import choose_devices
    from training.judging.scoring import folder_photos, recipe_photos, score
    from training.publishing.model_folder import find_version
    from training.publishing.published_model import PublishedModel

    console = Console()
    folder = find_version(arguments.models, arguments.model)
    choose_devices(arguments.device)
    model = PublishedModel(folder)
    if arguments.photos:
        photos = folder_photos(model, arguments.photos, arguments.split, console)
    else:
        photos = recipe_photos(model, recipe, arguments.data, arguments.split, console)
    figures = score(model, photos, arguments.predictions)
    _show(figures, console)
    if arguments.output:
        write_json(arguments.output, figures)


def _show(figures: dict[str, Any], console: Console) -> None:
    say_left_out(console, figures["photos_left_out"])
    if figures["warning"]:
        say(console, figures["warning"])
    low, high = figures["accuracy_interval"]
    say(
        console,
        f"{figures['model']}/{figures['version']} on {figures['data']}: accuracy"
        f" {figures['accuracy']:.2%} (95% interval {low:.2%} to {high:.2%}) of"
        f" {figures['photos']:,} photos, loss {figures['loss']:.4f},"
        f" {figures['images_per_second']:,.0f} images per second",
    )
    if figures["trained_on"] and figures["unseen"]:
        unseen = figures["unseen"]
        low, high = unseen["accuracy_interval"]
        say(
            console,
            f"on the {unseen['photos']:,} that it was not trained on: accuracy"
            f" {unseen['accuracy']:.2%} (95% interval {low:.2%} to {high:.2%}), loss"
            f" {unseen['loss']:.4f}",
        )
    if "top_k" in figures:
        shares = (f"top-{k} accuracy {share:.2%}" for k, share in figures["top_k"].items())
        say(console, ", ".join(shares))
    table = figures_table("class", "photos", "precision", "recall", "F1")
    for label, shares in figures["classes"].items():
        parts = (_percent(shares[name]) for name in ("precision", "recall", "f1"))
        table.add_row(label, f"{shares['photos']:,}", *parts)
    show(console, table)


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
