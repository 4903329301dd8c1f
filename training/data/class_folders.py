"""Folders of classes, and which of their files count as photos.

Files that systems and programs put there (previews, recycle bins, hidden files) are left out and
counted. Linked folders and files are followed, each real file of a class once.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from training.console import counted
from training.data.prepared_photos import Source
from training.errors import TrainingError

# Of Synology and QNAP, macOS, Windows and Linux; in small letters.
_JUNK_FOLDERS = {
    *("@eadir", "#recycle", "#snapshot", "@recycle", "__macosx", "$recycle.bin", "lost+found"),
    "system volume information",
}
_JUNK_FILES = {"thumbs.db", "desktop.ini"}  # Windows puts them beside photos.

PHOTO_FILES = re.compile(r".*\.(jpe?g|png|webp|gif|bmp|tiff?|avif|heic)", re.IGNORECASE | re.DOTALL)
"""Names of files that are photos; a name may have line breaks."""

LeftOut = Counter[str]
"""How many files were left out, by the reason."""


def class_folders(folder: Path, left_out: LeftOut) -> list[Path]:
    """Return the folders of classes by name, without those that systems and programs made.

    Photos beside them have no class: they are counted as left out.

    Raises:
        TrainingError: a name can't be printed, or the folder can't be read.
    """
    found = []
    for path in _entries(folder):
        if not path.is_dir():
            if PHOTO_FILES.fullmatch(path.name) and not _is_junk(path, left_out):
                left_out["outside the class folders"] += 1
        elif not _is_junk(path, left_out):
            if not path.name.isprintable():
                raise TrainingError(
                    f"{folder} has a sub-folder {path.name!r}, which can't be a label"
                )
            found.append(path)
    return found


def photos_below(folder: Path, root: Path, left_out: LeftOut) -> list[Source]:
    """Return the photos of a class, also from sub-folders, in the order of their names.

    The name of each is its path below `root`. A dead link counts as a photo that can't be read.

    Raises:
        TrainingError: a folder can't be read.
    """
    if not folder.is_dir():
        return []
    seen = {os.path.realpath(folder)}
    files = _walk(folder, seen, left_out)
    return [Source(name_below(root, path), _reader(path), str(path.absolute())) for path in files]


def left_out_line(left_out: LeftOut) -> str:
    """Say how many files were left out and why; empty if there are none."""
    reasons = [f"{count:,} {reason}" for reason, count in sorted(left_out.items()) if count]
    return f"left out {counted(left_out.total(), 'file')}: {', '.join(reasons)}" if reasons else ""


def name_below(root: Path, path: Path) -> str:
    """Return a file's path below the root as text, equal on all systems."""
    name = os.path.relpath(path, root).replace(os.sep, "/").encode(errors="surrogateescape")
    return unicodedata.normalize("NFC", name.decode(errors="replace"))


def _walk(folder: Path, seen: set[str], left_out: LeftOut) -> Iterator[Path]:
    """Yield the photos below a folder; `seen` has the real paths of what has been found."""
    here = os.path.realpath(folder)
    for path in _entries(folder):
        real = os.path.realpath(path)
        if _is_junk(path, left_out):
            continue
        if real in seen or (path.is_dir() and Path(here).is_relative_to(real)):
            left_out["linked a second time"] += 1
        elif path.is_dir():
            seen.add(real)
            yield from _walk(path, seen, left_out)
        elif path.is_file() or (path.is_symlink() and not path.exists()):
            seen.add(real)
            yield path


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError as error:
        raise TrainingError(f"cannot read the folder {folder} ({error.strerror})") from error


def junk_reason(name: str) -> str | None:
    """Return why a file or a folder of this name is not the user's own; None if it is."""
    plain = name.casefold()
    if name.startswith("."):
        return "hidden"
    if plain in _JUNK_FOLDERS:
        return f"in {name}"
    return name if plain in _JUNK_FILES else None


def _is_junk(path: Path, left_out: LeftOut) -> bool:
    """Whether a file or a folder is not the user's own; its files are counted then."""
    reason = junk_reason(path.name)
    if reason is None:
        return False
    files = sum(len(names) for _, _, names in os.walk(path)) if path.is_dir() else 1
    left_out[reason] += files
    return True


def _reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        if path.is_symlink() and not path.exists():
            raise OSError(f"the link leads to {os.readlink(path)}, which does not exist")
        return path.read_bytes()

    return read
