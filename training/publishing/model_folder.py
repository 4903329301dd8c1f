"""The folder that the versions of a model are published into; no framework is imported here."""

import json
import re
from pathlib import Path
from typing import Any

from serving.repository.versions import VersionsError, published_versions, staged
from training.errors import TrainingError

GRAPH_BYTES = 2 * 2**20
"""Everything of a version but its weights, at the very most."""

_CARD = Path("assets.extra", "model_card.json")


def check_folder(base: Path) -> None:
    """Find out whether a model can be published at all, before hours are spent on training it.

    Raises:
        TrainingError: the folder can't be written, or is all but full.
    """
    try:
        with staged(base, needed_bytes=GRAPH_BYTES):
            pass
    except VersionsError as error:
        raise TrainingError(f"models can't be published: {error}") from error


def version_of_run(base: Path, run: str) -> Path | None:
    """Return the version that a run has published, None if there is none.

    The versions themselves are asked: a process may die between publishing and noting it.

    Args:
        base: the model's folder.
        run: the run's identifier, which model cards have.

    Raises:
        TrainingError: the folder can't be read.
    """
    try:
        versions = published_versions(base)
    except VersionsError as error:
        raise TrainingError(str(error)) from error
    folders = (base / str(number) for number in reversed(versions))
    return next((folder for folder in folders if _trained(folder).get("run") == run), None)


def _trained(version: Path) -> dict[str, Any]:
    """Return how a version was trained, as its card tells; empty if it does not."""
    try:
        trained = json.loads((version / _CARD).read_text("utf-8"))["trained"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return trained if isinstance(trained, dict) else {}


def read_card(version: Path) -> dict[str, Any]:
    """Return the card of a published version.

    Raises:
        TrainingError: it has none, or a damaged one.
    """
    path = version / _CARD
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise TrainingError(f"the card {path} can't be read ({error})") from error


def find_version(models: Path, reference: str) -> Path:
    """Return the folder of a published version.

    Args:
        models: folder of the models.
        reference: `NAME`, which is its newest version, or `NAME/VERSION`.

    Raises:
        TrainingError: there is no such model or version; the message names those that there are.
    """
    name, slash, number = reference.partition("/")
    if not re.fullmatch(r"[\w.-]+", name) or name.startswith(".") or (slash and not number):
        raise TrainingError(f"a published model is NAME or NAME/VERSION, not {reference!r}")
    try:
        versions = published_versions(models / name)
    except VersionsError as error:
        raise TrainingError(str(error)) from error
    if not versions:
        known = ", ".join(_names(models)) or "none"
        raise TrainingError(f"there is no published model {name} in {models}; there are: {known}")
    if number and number not in map(str, versions):
        listed = ", ".join(map(str, versions))
        raise TrainingError(f"{name} has no version {number} in {models}; it has {listed}")
    return models / name / (number or str(versions[-1]))


def _names(models: Path) -> list[str]:
    folders = sorted(models.iterdir()) if models.is_dir() else []
    return [folder.name for folder in folders if folder.is_dir() and published_versions(folder)]
