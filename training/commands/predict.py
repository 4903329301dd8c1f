"""`predict`: classify photos with a published model, without a server."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

from training.commands.arguments import add_device, add_models
from training.console import in_one_line, plain_table, say, show, whole_lines
from training.errors import UsageError
from training.progress_bars import counting

if TYPE_CHECKING:
    from training.judging.file_predictions import FilePrediction
    from training.publishing.published_model import PublishedModel


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = (
        "Classify photos with a published model: the same answer as the gateway's, without one."
    )
    parser.add_argument(
        "model", metavar="NAME[/VERSION]", help="without a version: the one that serves"
    )
    parser.add_argument(
        "photos", metavar="PHOTO", nargs="+", type=Path, help="a photo, or a folder of photos"
    )
    parser.add_argument(
        "--top", type=int, metavar="N", help="only the N most probable classes (default: all)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, as the gateway's response")
    add_models(parser)
    add_device(parser)


def run(arguments: argparse.Namespace) -> None:
    """Print a line for each photo; those that can't be read end with an error."""
    if arguments.top is not None and arguments.top < 1:
        raise UsageError(f"--top is at least 1, not {arguments.top}")
    from training.fitting.devices import choose_devices
    from training.publishing.serving_version import find_serving_version

    folder = find_serving_version(arguments.models, arguments.model)
    choose_devices(arguments.device)
    from training.judging.file_predictions import check_all_read, photos_in, predict_files
    from training.publishing.published_model import PublishedModel

    photos, notes = photos_in(arguments.photos)
    aside = Console(stderr=True)  # Standard output has the predictions and nothing else.
    for note in notes:
        say(aside, note)
    model = PublishedModel(folder)
    with counting(aside, "photos") as progress:
        predictions = list(predict_files(model, photos, progress))
    if arguments.json:
        answer = json.dumps(_answer(model, predictions, arguments.top), indent=1)
        sys.stdout.write(f"{answer}\n")
    else:
        _show(model, predictions, arguments.top)
    check_all_read(predictions)


def _answer(
    model: "PublishedModel", predictions: Sequence["FilePrediction"], top: int | None
) -> dict[str, Any]:
    """Return what the gateway answers (docs/contracts.md), and its `errors` if there are any."""
    found, errors = [], []
    for each in predictions:
        if each.fault:
            errors.append({"image": each.image, "detail": each.fault})
            continue
        label, probability = each.ranked[0]
        ranked = [{"label": name, "probability": share} for name, share in each.ranked[:top]]
        known = {} if each.recognized is None else {"recognized": each.recognized}
        found.append(
            {
                "image": each.image,
                "label": label,
                "probability": probability,
                **known,
                "probabilities": ranked,
            }
        )
    answer = {"model": model.name, "version": model.version, "predictions": found}
    return {**answer, "errors": errors} if errors else answer


def _show(
    model: "PublishedModel", predictions: Sequence["FilePrediction"], top: int | None
) -> None:
    """Print a table of the photos, and a line for each that can't be read."""
    console = whole_lines()
    table = plain_table(("photo", "label", "probability", "next"), figures=("probability",))
    for each in predictions:
        if not each.fault:
            (label, probability), *others = each.ranked[:top]
            doubt = " (not recognized)" if each.recognized is False else ""
            following = ", ".join(f"{name} {_percent(share)}" for name, share in others)
            cells = in_one_line(each.image), f"{label}{doubt}", _percent(probability), following
            table.add_row(*map(Text, cells))
    say(console, f"{model.name}/{model.version}")
    if table.row_count:
        show(console, table)
    for each in predictions:
        if each.fault:
            say(console, f"{each.image}: {each.fault}")


def _percent(probability: float) -> str:
    """Return a probability such as `93.0%`; a tiny one is `<0.1%` rather than `0.0%`."""
    return "<0.1%" if 0 < probability < 0.0005 else f"{probability:.1%}"
