"""Publish the starter models: `python -m serving.repository.seed DIR`.

A model that has a version in DIR is left unchanged, so the command may be repeated, and run in
several processes at once. It does not need TensorFlow.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from serving.repository.versions import VersionsError, publish_copy, published_versions

STARTERS = Path(__file__).parent / "starters"

_LEFT = "has a version already"
_NO_VERSION = (
    ": the starter, as there was no version. If there had been some, the folder of models was lost:"
    " see docs/outages.md"
)


def seed(models: Path, starters: Path = STARTERS) -> Iterator[tuple[str, int | None]]:
    """Publish the starter of each model that has no version.

    Args:
        models: folder of the models, `<name>/<version>/`; created if missing.
        starters: a folder of the same form, whose newest versions are the starters.

    Yields:
        The name of each starter's model and the published version; None if it had one already.

    Raises:
        VersionsError: there are no starters, or a version can't be read or published.
    """
    newest = {name: versions[-1] for name, versions in _models(starters) if versions}
    if not newest:
        raise VersionsError(f"there are no starter models in {starters}")
    for name, version in newest.items():
        yield name, publish_copy(starters / name / str(version), models / name)


def model_names(models: Path) -> list[str]:
    """Return the names of the models that have a version, in alphabetical order.

    Raises:
        VersionsError: the folder can't be read.
    """
    return [name for name, versions in _models(models) if versions]


def _models(folder: Path) -> Iterator[tuple[str, list[int]]]:
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    except OSError as error:
        raise VersionsError(f"cannot list the models in {folder}: {error.strerror}") from error
    for name in names:
        if not name.startswith("."):
            yield name, published_versions(folder / name)


def main(argv: Sequence[str] | None = None) -> int:
    """Seed a folder, print a line for each model and return the exit status."""
    parser = argparse.ArgumentParser(
        "python -m serving.repository.seed",
        description="Publish the starter of each model that has no version in DIR.",
        epilog="exit status: 0 every model has a version, 1 a model could not be published",
    )
    parser.add_argument("models", type=Path, metavar="DIR", help="folder of the models")
    help_ = "folder of the starters"
    parser.add_argument("--starters", type=Path, default=STARTERS, metavar="DIR", help=help_)
    arguments = parser.parse_args(argv)
    try:
        for name, version in seed(arguments.models, arguments.starters):
            result = f"published as version {version}{_NO_VERSION}" if version else _LEFT
            sys.stdout.write(f"{name}: {result}\n")
    except VersionsError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
