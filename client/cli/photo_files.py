"""The photos named on the command line: files, folders, patterns, and standard input."""

import glob
import os
import stat
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from ..bulk.files import photos
from ..photos import Photo
from .errors import UsageError

_STANDARD_INPUT = "-"


class PhotoFiles:
    """Yields the photos as the client accepts them, and remembers how they were named.

    Args:
        names: files, folders, patterns, and - for standard input.
        recursive: whether to look into subfolders.
        bad: is called with a name that can't be photos, and the reason.

    Attributes:
        waiting: names of the photos that were yielded and have no result yet.
    """

    def __init__(
        self, names: Sequence[str], recursive: bool, bad: Callable[[str, str], None]
    ) -> None:
        if names.count(_STANDARD_INPUT) > 1:
            raise UsageError("standard input (-) can be given only once")
        if _STANDARD_INPUT in names and sys.stdin is None:
            raise UsageError("standard input (-) is closed")
        self._names = names
        self._recursive = recursive
        self._bad = bad
        self.waiting: deque[str] = deque()

    def __iter__(self) -> Iterator[Photo]:
        for given in self._names:
            for name in self._files(given):
                self.waiting.append(name)
                yield sys.stdin.buffer if name == _STANDARD_INPUT else name

    def _files(self, name: str) -> Iterator[str]:
        if name.lower().startswith(("http://", "https://")):
            self._bad(name, "addresses are not fetched: download the photo first")
        elif os.path.isdir(name):
            yield from self._in_folder(name)
        elif glob.has_magic(name) and not os.path.lexists(name):
            yield from self._matches(name)
        elif _is_device(name):
            self._bad(name, "it is a device, not a photo")
        else:
            yield name

    def _in_folder(self, folder: str) -> Iterator[str]:
        try:
            found: Iterator[str] = (name for name, _ in photos(Path(folder)))
            if not self._recursive:  # Those of the folder itself come first.
                found = takewhile(lambda name: "/" not in name, found)
            empty = True
            for name in found:
                empty = False
                yield str(Path(folder, name))
        except OSError as error:
            self._bad(folder, error.strerror or str(error))
            return
        if empty:
            hint = "" if self._recursive else "; --recursive looks into its subfolders"
            self._bad(folder, f"no photo is in this folder{hint}")

    def _matches(self, pattern: str) -> Iterator[str]:
        found = [name for name in glob.iglob(pattern, recursive=True) if not os.path.isdir(name)]
        if not found:
            self._bad(pattern, "no file matches this pattern")
        yield from sorted(found)


def _is_device(name: str) -> bool:
    """Whether the file is a device: reading one may never end."""
    try:
        mode = os.stat(name).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISCHR(mode) or stat.S_ISBLK(mode)
