"""`show-predictions`: draw test photos with what a published model predicts."""

import argparse
from pathlib import Path

from rich.console import Console

from training.commands.arguments import add_data, add_device, add_models
from training.console import say, say_left_out
from training.errors import UsageError

_MOST = 200  # Photos that a picture has space for.


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        "Draw random test photos of a published model's data set with its predictions: right ones"
        " in blue, wrong ones in red, and bars of the probabilities."
    )
    parser.add_argument(
        "model", metavar="NAME[/VERSION]", help="without a version: the one that serves"
    )
    parser.add_argument(
        "--count", type=int, default=20, metavar="N", help="of photos (default %(default)s)"
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="another one chooses other photos (default %(default)s)"
    )
    parser.add_argument("--wrong", action="store_true", help="only wrong predictions")
    parser.add_argument(
        "--photos",
        type=Path,
        metavar="PATH",
        help="of these photos: a folder with a sub-folder for each label, or a list (.csv, .jsonl)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("predictions.png"),
        metavar="FILE",
        help="PNG file to write (default %(default)s)",
    )
    add_data(parser)
    add_models(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Classify the photos, draw the picture and print where it is."""
    if arguments.output.suffix.lower() != ".png":
        raise UsageError(f"--output is a PNG file, such as predictions.png, not {arguments.output}")
    if not 1 <= arguments.count <= _MOST:
        raise UsageError(f"--count is 1 to {_MOST}, not {arguments.count}")
    if arguments.seed < 0:
        raise UsageError(f"--seed is at least 0, not {arguments.seed}")
    from training.fitting.devices import choose_devices
    from training.publishing.serving_version import find_serving_version

    folder = find_serving_version(arguments.models, arguments.model)
    choose_devices(arguments.device)
    from training.judging.scoring import folder_photos, recipe_photos
    from training.judging.show_predictions import draw_predictions, random_predictions
    from training.publishing.published_model import PublishedModel

    console = Console()
    model = PublishedModel(folder)
    if arguments.photos:
        photos = folder_photos(model, arguments.photos, "test", console)
    else:
        photos = recipe_photos(model, None, arguments.data, "test", console)
    say_left_out(console, photos.left_out)
    shown = random_predictions(
        model, photos, arguments.count, arguments.seed, only_wrong=arguments.wrong
    )
    draw_predictions(shown, arguments.output)
    say(console, f"{arguments.output}: {shown.title}: {shown.result}")
