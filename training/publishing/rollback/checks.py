"""Whether a published version may serve: its files are whole, and its labels those apps know."""

from pathlib import Path

from rich.console import Console

from serving.repository.checksums import check_files
from serving.repository.errors import VersionsError
from training.console import say
from training.errors import Refused, TrainingError
from training.model_cards import VERSION_CARD, read_card


def check_files_or_load(version: Path, console: Console) -> None:
    """Check a version's files against its checksums; without any, load it as a model server does.

    Raises:
        TrainingError: a file differs or is missing, or the version does not load.
    """
    try:
        if check_files(version):
            return
    except VersionsError as error:
        raise TrainingError(f"nothing has changed: {error}") from error
    say(console, f"{version} has no checksums: loading it, as a model server does")
    try:
        _labels_of_loaded(version)
    except TrainingError as error:
        raise TrainingError(f"nothing has changed: {error}") from error


def check_labels(version: Path, serving: Path, force: bool) -> None:
    """Check that a version tells the same classes apart as the one that serves.

    Raises:
        Refused: it does not, and nobody forces it.
        TrainingError: the version can't be read.
    """
    if force:
        return
    try:
        old = set(_labels(serving))
    except TrainingError:  # What serves now can't be read: anything is better.
        return
    new = set(_labels(version))
    if new != old:
        differences = [f"without {', '.join(sorted(old - new))}"] if old - new else []
        differences += [f"with {', '.join(sorted(new - old))}"] if new - old else []
        raise Refused(
            f"nothing has changed: version {version.name} has other labels than version"
            f" {serving.name}, which serves ({' and '.join(differences):.200}); apps may depend on"
            " them. --force serves it anyway"
        )


def _labels(version: Path) -> list[str]:
    try:
        labels = read_card(version / VERSION_CARD).get("labels")
    except TrainingError:
        labels = None
    return list(map(str, labels)) if isinstance(labels, list) else _labels_of_loaded(version)


def _labels_of_loaded(version: Path) -> list[str]:
    try:
        from training.publishing.published_model import PublishedModel  # Takes seconds.
    except ModuleNotFoundError as error:
        raise TrainingError(
            f"{version} can only be checked by loading it, which needs TensorFlow ({error})"
        ) from error
    return list(PublishedModel(version).labels)
