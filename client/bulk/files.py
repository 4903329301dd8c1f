"""The photos of a folder tree, and batches of them."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

EXTENSIONS = (
    ".jpg",
    ".jpeg",
    ".png",
    ".webp",
    ".heic",
    ".heif",
    ".avif",
    ".gif",
    ".bmp",
    ".tif",
    ".tiff",
)
"""Files with other extensions are not photos. Which formats are accepted, the server decides."""

PHOTOS_PER_BATCH = 8
BYTES_PER_BATCH = 4_000_000  # Larger photos are sent alone.


@dataclass
class Batch:
    """Photos of one request.

    Attributes:
        images: paths relative to the folder, with `/` between folders.
        failures: how often it failed while the server answered other requests.
        seen: number of successful requests when it was sent last.
    """

    images: list[str]
    failures: int = 0
    seen: int = 0

    def halves(self) -> list["Batch"]:
        """Return two batches that hold its photos."""
        middle = len(self.images) // 2
        return [Batch(part, self.failures) for part in (self.images[:middle], self.images[middle:])]


def photos(folder: Path, skipped: Path | None = None) -> Iterator[tuple[str, int]]:
    """Yield the photos below a folder, sorted within each folder: relative path, size in bytes.

    Links to files are followed, links to folders are not, so that no loop is possible. Hidden
    files and folders are skipped. The size of a file that can't be examined is 0. Memory grows
    with the number of files in one folder, not in the tree. A folder that can't be read is yielded
    itself, with `/` at its end, so that its photos are not left out silently.

    Args:
        folder: the folder.
        skipped: a folder inside of it to leave out, such as one with results.
    """
    left_out = None if skipped is None else os.path.realpath(skipped)
    waiting = [""]
    while waiting:
        relative = waiting.pop()
        try:
            with os.scandir(folder / relative) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            if not relative:
                raise
            continue  # It vanished.
        except OSError:
            if not relative:
                raise
            yield f"{relative}/", 0  # Reading it fails as well, and says why.
            continue
        inner = []
        for entry in found:
            if entry.name.startswith("."):
                continue
            name = f"{relative}/{entry.name}" if relative else entry.name
            if entry.is_dir(follow_symlinks=False):
                if left_out is None or os.path.realpath(entry.path) != left_out:
                    inner.append(name)
            elif entry.name.lower().endswith(EXTENSIONS) and not _is_special(entry):
                yield name, _size(entry)
        waiting.extend(reversed(inner))


def _is_special(entry: os.DirEntry[str]) -> bool:
    """Whether it is a device, a pipe (reading it would hang) or a link to a folder."""
    try:
        return not entry.is_file() and (entry.is_dir() or os.path.exists(entry.path))
    except OSError:
        return False


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat().st_size
    except OSError:
        return 0


def batches(found: Iterator[tuple[str, int]], is_done: Callable[[str], bool]) -> Iterator[Batch]:
    """Yield batches of the photos that are not done, in order."""
    images: list[str] = []
    total = 0
    for image, size in found:
        if is_done(image):
            continue
        if images and (len(images) == PHOTOS_PER_BATCH or total + size > BYTES_PER_BATCH):
            yield Batch(images)
            images, total = [], 0
        images.append(image)
        total += size
    if images:
        yield Batch(images)
