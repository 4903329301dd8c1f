"""`compare`: which of several recipes, or of several published versions, is better."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from training.commands.also_argument import add_also, also_assignments
from training.commands.arguments import add_data, add_device, add_models
from training.commands.study_arguments import add_study
from training.console import say
from training.errors import UsageError
from training.experiments.study_folder import make_folder, study_folder
from training.experiments.workers import be_worker, check_processes, run_workers
from training.publishing.model_folder import find_version, is_version

if TYPE_CHECKING:
    from training.experiments.comparison.plan import Plan

_DESCRIPTION = """\
Recipes: each is trained from fresh random weights on the same random splits of the photos for
training and validation, and judged by the photos that it was not trained on. NAME:setting=VALUE,…
is a recipe with other settings. The test photos are not looked at.
Published versions, NAME/VERSION: compared on the same photos, by default their test photos."""
_SPLITS, _SHARE = 20, 0.8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument(
        "compared",
        nargs="+",
        metavar="RECIPE|NAME/VERSION",
        help="two or more recipes (names, or files such as recipe.py), or two or more versions",
    )
    parser.add_argument(
        "--photos",
        type=Path,
        metavar="PATH",
        help="your own photos, in place of the data set: a folder with a sub-folder for each class,"
        " or a list (.csv, .jsonl)",
    )
    add_also(parser)
    add_data(parser)
    add_models(parser)
    add_device(parser)
    recipes = parser.add_argument_group("for recipes")
    recipes.add_argument(
        "--splits", type=int, metavar="N", help=f"random splits of the photos (default {_SPLITS})"
    )
    recipes.add_argument(
        "--share",
        type=float,
        metavar="SHARE",
        help=f"of the photos of each split to train on (default {_SHARE})",
    )
    recipes.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="assignments",
        help="change a setting of all recipes; may be repeated",
    )
    add_study(parser)


def run(arguments: argparse.Namespace) -> None:
    """Compare, and say in words which is better."""
    if any(is_version(each) for each in arguments.compared):
        _compare_versions(arguments)
    else:
        _compare_recipes(arguments)


def _compare_versions(arguments: argparse.Namespace) -> None:
    """Compare published versions on the same photos.

    Raises:
        UsageError: arguments that are for recipes.
    """
    given = [arguments.splits, arguments.share, arguments.assignments, arguments.study]
    given += [arguments.also, arguments.output, arguments.storage, arguments.processes > 1]
    if any(given):
        raise UsageError(
            "--splits, --share, --set, --also, --study, --output, --storage and --processes are for"
            " recipes; published versions are only compared on photos"
        )
    from training.fitting.devices import choose_devices

    folders = [find_version(arguments.models, each) for each in arguments.compared]
    choose_devices(arguments.device)
    from training.experiments.comparison.versions import compare_versions, show_comparison

    found = compare_versions(folders, arguments.photos, arguments.data, Console())
    show_comparison(found, Console())


def _compare_recipes(arguments: argparse.Namespace) -> None:
    """Train all recipes on all splits, as far as that is not done, and show what was found."""
    if arguments.worker:
        be_worker(arguments.worker)
    else:
        check_processes(arguments.processes)
    console = Console()
    plan, output = _plan(arguments, console)
    from training.fitting.interruption import terminable

    with terminable():
        make_folder(output)
        queue = plan.queue()
        if arguments.processes > 1 and not arguments.worker:
            from training.experiments.comparison.trainings import progress

            with progress(queue, console) as show:
                failed = run_workers(arguments.processes, arguments.words, output, show)
            for line in failed:
                say(console, line)
        else:
            _train(plan, output, arguments, console)
        if not arguments.worker:
            from training.experiments.comparison.outcome import conclude

            conclude(plan, queue, output, console)


def _plan(arguments: argparse.Namespace, console: Console) -> "tuple[Plan, Path]":
    """Return what is to be trained, and the folder of its results.

    Raises:
        UsageError: the arguments are wrong.
    """
    from training.experiments.comparison.competitors import comparison_name, read_competitors

    if arguments.photos and arguments.data:
        raise UsageError("--photos and --data can't be combined: give one of them")
    if arguments.photos and not arguments.photos.exists():
        raise UsageError(f"the folder of photos {arguments.photos} does not exist")
    assignments = [*arguments.assignments, *also_assignments(arguments)]
    competitors = read_competitors(arguments.compared, assignments, arguments.photos)
    from training.experiments.comparison.plan import plan_comparison

    name = comparison_name(competitors) if arguments.study is None else arguments.study
    output, storage = study_folder(name, arguments.output, arguments.storage)
    splits = _SPLITS if arguments.splits is None else arguments.splits
    share = _SHARE if arguments.share is None else arguments.share
    folder = arguments.photos or arguments.data
    return plan_comparison(name, storage, competitors, splits, share, folder, console), output


def _train(plan: "Plan", output: Path, arguments: argparse.Namespace, console: Console) -> None:
    from training.fitting.devices import choose_devices

    devices = choose_devices(arguments.device)
    from training.experiments.comparison.trainings import Trainings

    folder = arguments.photos or arguments.data
    Trainings(plan, output, folder, devices, console).work(plan.queue())
