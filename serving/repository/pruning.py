"""Removing old versions of a model, but never one that is to serve."""

import shutil
from collections.abc import Collection
from pathlib import Path

from serving.repository.atomic_write import sync
from serving.repository.errors import ConfigError, VersionsError
from serving.repository.served_versions import read_served, selected_versions
from serving.repository.versions import (
    explained,
    largest_used,
    locked,
    published_versions,
    remember,
    remove_stale,
)


def prune(base: Path, keep: int, protected: Collection[int] = ()) -> list[int]:
    """Remove all versions but the `keep` newest, the protected ones and those that are to serve.

    The latter are those that `.serving.config` selects by its policy or labels; it is read under
    the model's lock, so that it cannot change meanwhile.

    Returns:
        The numbers removed, ascending. They are not used again.

    Raises:
        VersionsError: `keep` is below 1, `base` cannot be changed, or `.serving.config` not read.
    """
    if keep < 1:
        raise VersionsError(f"at least one version has to be kept, not {keep}")
    if not base.is_dir():
        raise VersionsError(f"model folder {base} does not exist")
    with explained(f"cannot remove versions of {base}"), locked(base):
        remove_stale(base)
        published = published_versions(base)
        kept = {*published[-keep:], *protected, *_selected(base, published)}
        removed = [number for number in published if number not in kept]
        remember(base, largest_used(base))  # Versions may be deleted by hand later.
        # Nothing is written, not even a folder: that works on a full disk, too.
        aside = [(base / str(number)).rename(base / f".pruned-{number}") for number in removed]
        sync(base)
        for folder in aside:
            shutil.rmtree(folder)
    return removed


def _selected(base: Path, published: Collection[int]) -> set[int]:
    try:
        return selected_versions(read_served(base), published)
    except ConfigError as error:
        raise VersionsError(f"nothing removed: {error}") from error
