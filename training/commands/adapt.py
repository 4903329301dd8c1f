"""`adapt`: fit a published version to own photos; with `--publish`, publish the result."""

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from serving.repository.seed import STARTERS
from serving.repository.versions import VersionsError, publish_copy, published_versions
from training.commands.arguments import add_models, add_training
from training.commands.gate_arguments import add_gate, gate_policy
from training.commands.training import train
from training.console import say
from training.data.own_photos import check_own_photos, own_photos
from training.errors import TrainingError, UsageError
from training.overrides import override
from training.pipeline.adapted_recipe import adapted
from training.pipeline.sources import Source, find_source, run_of_version
from training.publishing.gate_policy import GatePolicy
from training.publishing.model_folder import find_version, model_names
from training.publishing.rollback.messages import rollback_command, served_note
from training.publishing.serving_version import find_serving_version
from training.recipe import ANY_PHOTOS, Recipe

if TYPE_CHECKING:
    from training.pipeline.finalize import Evaluated

_TOLERANCE = 0.5  # Points: what is gained on own photos is worth a small loss on the data set's.
_DESCRIPTION = """\
Fit a published version to your own photos, in minutes: it starts from the version's weights, and
sees photos of its data set beside yours, so that it does not forget them. The same command resumes
after an interruption. The gate refuses to publish a model that has become worse on the data set's
test photos by more than the tolerance."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.description = _DESCRIPTION
    parser.add_argument(
        "model",
        metavar="NAME[/VERSION]",
        help="the version to start from; NAME: the one that serves, or the starter model",
    )
    parser.add_argument(
        "--photos",
        type=Path,
        required=True,
        metavar="PATH",
        help="folder or zip file of your photos, with a sub-folder for each class, or for some of"
        " them, named as the class; `other` for what is none of them",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        dest="assignments",
        help="change a setting, such as epochs or own.share; may be repeated",
    )
    add_training(parser)
    parser.add_argument(
        "--publish", action="store_true", help="publish the model if the gate lets it pass"
    )
    add_models(parser)
    add_gate(parser, _TOLERANCE)


def run(arguments: argparse.Namespace) -> str | None:
    """Adapt a version, and publish the result if asked.

    Returns:
        What was published, in one line; None if nothing was.
    """
    policy = gate_policy(arguments)
    if not arguments.publish and policy != GatePolicy(_TOLERANCE):
        raise UsageError(
            "--tolerance, --force and --model_config_file have no effect without --publish"
        )
    if not arguments.photos.exists():
        raise UsageError(f"there are no own photos {arguments.photos}: name them with --photos")
    check_own_photos(arguments.photos)
    console = Console()
    start = _start(arguments)
    _check_labels(arguments.photos, start)
    recipe = override(_recipe(start, arguments), arguments.assignments)
    source = _published(start, arguments, console)
    say(console, f"{recipe.name} from {source.name}, adapted to the photos in {arguments.photos}")

    def compare(evaluated: "Evaluated") -> None:
        try:
            from training.pipeline.before_and_after import before_and_after
        except ModuleNotFoundError:
            say(console, f"{source.name} can't be scored here: TensorFlow is not installed")
            return
        for line in before_and_after(source.folder, evaluated):
            say(console, line)

    published = policy if arguments.publish else None
    (version,) = train([recipe], arguments, arguments.models, published, source, compare)
    if version is None:
        return None
    say(console, _next_steps(version, source, arguments))
    return f"published as {version}"


def _start(arguments: argparse.Namespace) -> Source:
    """Return the version to start from: of a model without versions, its starter.

    Raises:
        TrainingError: there is no such version, or the model's versions can't be listed.
    """
    reference, models = arguments.model, arguments.models
    try:
        unpublished = not published_versions(models / reference)
    except VersionsError as error:
        raise TrainingError(str(error)) from error
    if unpublished and reference in model_names(STARTERS):
        folder = find_version(STARTERS, reference)
    else:
        folder = find_serving_version(models, reference)
    return find_source(str(folder), arguments.runs, models)


def _published(start: Source, arguments: argparse.Namespace, console: Console) -> Source:
    """Return the version to start from once it is published, if it is a starter.

    So the gate can compare with it, and there is a version to go back to.

    Raises:
        TrainingError: the starter can't be published.
    """
    if STARTERS not in start.folder.parents:
        return start
    name, models = arguments.model, arguments.models
    try:
        number = publish_copy(start.folder, models / name)
    except VersionsError as error:
        raise TrainingError(f"the starter of {name} can't be published: {error}") from error
    if number:
        say(console, f"{name} has no version in {models}: its starter is published there")
    return find_source(str(find_serving_version(models, name)), arguments.runs, models)


def _check_labels(photos: Path, source: Source) -> None:
    """Check that there are photos of the version's classes, before its data set is loaded."""
    labels = source.card().get("labels", [])
    with own_photos(photos, labels, []) as found:
        if not any(photo.label in labels for photo in found):
            raise UsageError(
                f"{photos} has photos of none of the classes alone: add folders with photos of"
                f" some of {', '.join(labels)}"
            )


def _recipe(source: Source, arguments: argparse.Namespace) -> Recipe:
    """Return the recipe that adapts a version; its noted folder of data becomes that of the run.

    Raises:
        TrainingError: its recipe is not known any more, or the folder of its photos is not.
    """
    known = run_of_version(source, arguments.runs) or source  # Its run knows more than its card.
    try:
        recipe = known.recipe()
    except UsageError as error:
        raise TrainingError(f"{source.name} can't be adapted: {error}") from error
    noted = known.facts.get("data_folder")
    if arguments.data is None and noted and Path(noted).exists():
        arguments.data = Path(noted)
    if arguments.data is None and recipe.dataset == ANY_PHOTOS:
        raise UsageError(
            f"{source.name} is not to forget the photos that it was trained on: name their folder"
            " with --data"
        )
    return adapted(recipe, arguments.photos)


def _next_steps(version: Path, source: Source, arguments: argparse.Namespace) -> str:
    base, config = version.parent, arguments.model_config_file
    if served_note(base, int(version.name), config):  # Has been said.
        words = ["python", "-m", "training", "promote", base.name, version.name]
        return f"to give it a share of the requests first: {shlex.join(words)} --label canary"
    back = rollback_command(base, source.folder.name, config)
    return f"it serves from now on (make serve); to go back to {source.name}: {back}"
