"""Prepared photos, kept on disk so that each set is prepared once.

The folder is PHOTOLABEL_CACHE, else `~/.cache/photolabel`. What is in it can be deleted at any
time; an entry is named by what it was made from, so that it never has to be refreshed.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.errors import TrainingError


@dataclass(frozen=True)
class Prepared:
    """Prepared photos of all splits, one after the other.

    Attributes:
        pixels: uint8 `[photos, height, width, channels]`.
        classes: int64 `[photos]`.
        cuts: where the second and the third split begin.
        damaged: photos left out, each with the reason.
    """

    pixels: np.ndarray
    classes: np.ndarray
    cuts: tuple[int, ...]
    damaged: tuple[str, ...]


def cached_photos(key: str, make: Callable[[], Prepared]) -> Prepared:
    """Return prepared photos from the cache, after making them where it has none.

    Args:
        key: everything that the photos depend on.
        make: called where the cache has no entry of that key.

    Returns:
        The photos, pixels mapped from the file: the system keeps in memory what fits.

    Raises:
        TrainingError: the cache folder cannot be written.
    """
    entry = _folder() / hashlib.sha256(key.encode()).hexdigest()[:32]
    if not entry.exists():
        _write(entry, make())
    index = json.loads((entry / "index.json").read_text("utf-8"))
    return Prepared(
        pixels=np.load(entry / "pixels.npy", mmap_mode="r"),
        classes=np.load(entry / "classes.npy"),
        cuts=tuple(index["cuts"]),
        damaged=tuple(index["damaged"]),
    )


def _folder() -> Path:
    named = os.environ.get("PHOTOLABEL_CACHE")
    return Path(named) if named else Path.home() / ".cache" / "photolabel"


def _write(entry: Path, photos: Prepared) -> None:
    """Write an entry aside and rename it into place; a second writer's is as good."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".new-", dir=entry.parent))
        try:
            np.save(aside / "pixels.npy", photos.pixels)
            np.save(aside / "classes.npy", photos.classes)
            index = {"cuts": photos.cuts, "damaged": photos.damaged}
            (aside / "index.json").write_text(json.dumps(index), "utf-8")
            with contextlib.suppress(FileExistsError):
                aside.rename(entry)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise TrainingError(
            f"cannot keep prepared photos in {entry.parent}: {error.strerror}; name another"
            " folder with PHOTOLABEL_CACHE"
        ) from error
