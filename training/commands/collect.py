"""`collect`: choose the photos that are worth a label, for a person to sort."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from training.commands.arguments import add_models
from training.console import counted, say, say_left_out
from training.errors import TrainingError, UsageError
from training.progress_bars import counting

if TYPE_CHECKING:
    import numpy as np

    from training.labelling.bulk_results import BulkResults
    from training.labelling.candidates import Choice
    from training.labelling.collected import Collected

_MOST = 2_000  # Photos on one page: 32 MB.

_DESCRIPTION = """\
Choose the photos that a model is least sure of or does not recognize, from the answers of
`photolabel bulk NAME FOLDER --out RESULTS`, and make a page on which a person chooses their labels.
What the page saves as photos.csv is for `adapt NAME --photos` or for `--also`. No photo leaves this
computer."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("model", metavar="NAME", help="name of the model that answered")
    parser.add_argument(
        "folder", metavar="FOLDER", type=Path, help="the folder of photos that was classified"
    )
    parser.add_argument(
        "--results",
        required=True,
        type=Path,
        metavar="RESULTS",
        help="what `photolabel bulk --out` wrote: .csv, .jsonl or .parquet",
    )
    parser.add_argument(
        "--output",
        required=True,
        type=Path,
        metavar="DIR",
        help="folder of the page; the one of an earlier `collect` leaves out what was sorted there",
    )
    parser.add_argument(
        "--count",
        type=int,
        default=200,
        metavar="N",
        help="how many photos are to wait for a label (default %(default)s)",
    )
    parser.add_argument(
        "--random",
        action="store_true",
        help="choose at random: photos to check a model with, not to improve it",
    )
    parser.add_argument(
        "--folders",
        action="store_true",
        help="instead of the page, copy the photos to DIR/to-sort/GUESS, to be moved to"
        " DIR/sorted/LABEL",
    )
    parser.add_argument("--link", action="store_true", help="with --folders: hard links, no copies")
    add_models(
        parser,
        "folder of the models, which tell their labels and what they were trained on (default:"
        " %(default)s)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Choose photos, lay them out to be sorted, and say what to do next."""
    if not 1 <= arguments.count <= _MOST:
        raise UsageError(f"--count is 1 to {_MOST:,} photos, not {arguments.count}")
    if arguments.link and not arguments.folders:
        raise UsageError("--link is for --folders: the page makes no copies")
    if not arguments.folder.is_dir():
        raise UsageError(f"the folder of photos {arguments.folder} does not exist")
    from training.labelling.bulk_results import read_results
    from training.labelling.collected import LIST, SORTED, TO_SORT, open_collected, with_other
    from training.labelling.folders import check_folder_names, write_folders
    from training.labelling.known_model import labels_of, trained_on
    from training.labelling.page import write_page

    results = read_results(arguments.results)
    collected = open_collected(arguments.output, arguments.folder)
    console = Console()
    versions = _versions(arguments, console)
    labels = with_other(labels_of(versions, results))
    if arguments.folders:
        check_folder_names(labels)
    choice = _choose(arguments, results, collected, trained_on(versions), console)
    _say_what(choice, results, console)
    folder = collected.folder
    if arguments.folders:
        with counting(console, "photos") as progress:
            write_folders(folder, choice.photos, labels, arguments.link, progress)
        if collected.waiting:
            say(console, f"{counted(collected.waiting, 'photo')} in {TO_SORT} from before")
        say(console, f"Move what is in {folder / TO_SORT} to the folders in {folder / SORTED}.")
    elif not choice.photos:
        say(console, "No photo is left to sort.")
    else:
        page = write_page(folder, arguments.model, choice.photos, labels, collected.listed)
        say(console, f"Open {page} in a browser, and keep the {LIST} that it saves beside it.")


def _versions(arguments: argparse.Namespace, console: Console) -> list[Path]:
    """Return the folders of the published versions of the model, the newest last."""
    from training.publishing.model_folder import find_versions

    try:
        return find_versions(arguments.models, arguments.model)
    except TrainingError as error:
        say(console, f"photos that the model was trained on are not left out: {error}")
        return []


def _choose(
    arguments: argparse.Namespace,
    results: "BulkResults",
    collected: "Collected",
    trained_on: "np.ndarray",
    console: Console,
) -> "Choice":
    """Return the photos to label.

    Raises:
        TrainingError: no photo of the results is in the folder.
    """
    from training.labelling.candidates import Chooser
    from training.labelling.order import at_random, in_rounds

    chooser = Chooser(arguments.folder, trained_on, for_list=not arguments.folders)
    with counting(console, "photos collected before") as progress:
        chooser.leave_out(collected.photos(), progress)
    answers = [answer for answer in results.answers if not answer.error]
    count = max(0, arguments.count - (collected.waiting if arguments.folders else 0))
    with counting(console, "photos") as progress:
        ordered = at_random(answers) if arguments.random else in_rounds(answers)
        choice = chooser.choose(ordered, count, progress)
    if count and len(choice.faults) == len(answers) > 0:
        raise TrainingError(
            f"none of the {counted(len(answers), 'photo')} in {arguments.results} can be read in"
            f" {arguments.folder}, such as {choice.faults[0]}: give the folder that was classified"
        )
    return choice


def _say_what(choice: "Choice", results: "BulkResults", console: Console) -> None:
    """Say which photos were chosen, and which ones were left out and why."""
    errors = [f"{each.image}: {each.error}" for each in results.answers if each.error]
    say_left_out(console, [*errors, *choice.faults])
    for reason, count in choice.skipped.items():
        say(console, f"left out as {reason}: {counted(count, 'photo')}")
    answers = [photo.answer for photo in choice.photos]
    unknown = sum(answer.recognized is False for answer in answers)
    line = f"{counted(len(answers), 'photo')} of {len(results.answers):,}"
    if unknown:
        line += f", {unknown:,} of them not recognized"
    say(console, line)
