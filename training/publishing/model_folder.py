"""The folder that a model's versions are published into. No framework is imported here."""

import re
from pathlib import Path

from serving.repository.versions import VersionsError, published_versions, staged
from training.errors import TrainingError
from training.model_cards import VERSION_CARD, read_card

GRAPH_BYTES = 2 * 2**20
"""Upper bound of everything in a version but its weights."""


def check_writable(base: Path) -> None:
    """Check that a model can be published at all, before hours are spent on training it.

    Raises:
        TrainingError: the folder can't be written, or has hardly any free space.
    """
    try:
        with staged(base, needed_bytes=GRAPH_BYTES):
            pass
    except VersionsError as error:
        raise TrainingError(f"models can't be published: {error}") from error


def version_of_run(base: Path, run: str) -> Path | None:
    """Return the folder of the version that a run has published; None if there is none.

    The run's identifier is read from the cards of the versions: a process may die after publishing,
    before noting it.
    """
    folders = (base / str(number) for number in reversed(_versions(base)))
    return next((folder for folder in folders if _is_of_run(folder, run)), None)


def _is_of_run(version: Path, run: str) -> bool:
    try:
        trained = read_card(version / VERSION_CARD).get("trained")
    except TrainingError:
        return False
    return isinstance(trained, dict) and trained.get("run") == run


def find_version(models: Path, reference: str) -> Path:
    """Return the folder of a published version.

    Args:
        models: folder of the models.
        reference: `NAME`, for its newest version, or `NAME/VERSION`.

    Raises:
        TrainingError: there is no such model or version; the message names the known ones.
    """
    name, slash, number = reference.partition("/")
    if not re.fullmatch(r"[\w.-]+", name) or name.startswith(".") or (slash and not number):
        raise TrainingError(f"a published model is NAME or NAME/VERSION, not {reference!r}")
    versions = _versions(models / name)
    if not versions:
        listed = ", ".join(model_names(models)) or "none"
        raise TrainingError(f"there is no published model {name} in {models}; there are: {listed}")
    if number and number not in map(str, versions):
        listed = ", ".join(map(str, versions))
        raise TrainingError(f"{name} has no version {number} in {models}; it has {listed}")
    return models / name / (number or str(versions[-1]))


def find_versions(models: Path, name: str) -> list[Path]:
    """Return the folders of all published versions of a model, the newest last.

    Raises:
        TrainingError: there is no such model; the message names the known ones.
    """
    base = find_version(models, name).parent
    return [base / str(number) for number in _versions(base)]


def is_version(reference: str) -> bool:
    """Whether a text has the form `NAME/VERSION`."""
    return bool(re.fullmatch(r"[^/:]+/\d+", reference))


def model_names(models: Path) -> list[str]:
    """Return the names of the models that have published versions."""
    folders = sorted(models.iterdir()) if models.is_dir() else []
    return [each.name for each in folders if each.is_dir() and published_versions(each)]


def _versions(base: Path) -> list[int]:
    try:
        return published_versions(base)
    except VersionsError as error:
        raise TrainingError(str(error)) from error
