"""The folder that the versions of a model are published into; no framework is imported here."""

import json
from pathlib import Path
from typing import Any

from serving.versions import VersionsError, published_versions, staged
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
