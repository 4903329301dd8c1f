"""The photos to label next: read, looked at, and without those that need no label."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from serving.photos.errors import BadPhoto
from training.labelling.bulk_results import Answer
from training.labelling.thumbnails import NearCopies, as_jpeg, thumbnail, tiny_image
from training.progress_bars import ProgressCallback
from training.publishing.training_photos import seen
from training.threads import mapped

_AT_ONCE = 32  # Photos, read and in memory.

TRAINED_ON = "trained on"
COPIES = "copies or near copies"
BEFORE = "collected before"


@dataclass(frozen=True)
class Candidate:
    """A photo to label.

    Attributes:
        answer: what the model answered for it.
        path: its file, absolute.
        content: the SHA-256 of the file, hexadecimal.
        picture: a thumbnail, as the bytes of a JPEG.
    """

    answer: Answer
    path: Path
    content: str
    picture: bytes


@dataclass
class Choice:
    """Which photos to label, and why others are left out.

    Attributes:
        photos: in the order in which they tell most.
        skipped: how many were left out although they are good, by the reason.
        faults: photos that can't be used, each with its reason.
    """

    photos: list[Candidate] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Chooser:
    """Chooses photos that a model was not trained on, and that were not collected before.

    Args:
        folder: that was classified.
        trained_on: digests of the training photos (`training.publishing.training_photos`).
        for_list: whether the photos go into a list of photos, which is UTF-8.
    """

    def __init__(self, folder: Path, trained_on: np.ndarray, for_list: bool) -> None:
        self._folder = folder.absolute()
        self._for_list = for_list
        self._trained_on = trained_on
        self._before: set[str] = set()
        self._contents: set[str] = set()
        self._copies = NearCopies()

    def leave_out(self, photos: Sequence[Path], progress: ProgressCallback) -> None:
        """Never choose these photos, which were collected before, or copies of them."""
        for number, found in enumerate(mapped(_look_at, photos), 1):
            if not isinstance(found, str):
                self._is_copy(*found)
                self._before.add(found[0])
            progress(number, len(photos))

    def choose(self, ordered: Iterable[Answer], count: int, progress: ProgressCallback) -> Choice:
        """Return the first `count` photos that can be used."""
        choice = Choice()
        waiting = iter(ordered)
        while len(choice.photos) < count and (some := list(islice(waiting, _AT_ONCE))):
            paths = [self._folder / answer.image for answer in some]
            for answer, path, found in zip(some, paths, mapped(_look_at, paths), strict=True):
                if len(choice.photos) == count:
                    break
                if self._for_list and not _is_utf8(path):
                    choice.faults.append(f"{answer.image}: rename it, its name is not UTF-8")
                elif isinstance(found, str):
                    choice.faults.append(f"{answer.image}: {found}")
                elif reason := self._reason_against(*found):
                    choice.skipped[reason] += 1
                else:
                    content, pixels = found
                    choice.photos.append(Candidate(answer, path, content, as_jpeg(pixels)))
                    progress(len(choice.photos), count)
        return choice

    def _reason_against(self, content: str, pixels: np.ndarray) -> str:
        if content in self._before:
            return BEFORE
        if seen([content], self._trained_on)[0]:
            return TRAINED_ON
        return COPIES if self._is_copy(content, pixels) else ""

    def _is_copy(self, content: str, pixels: np.ndarray) -> bool:
        if content in self._contents:
            return True
        self._contents.add(content)
        return not self._copies.is_new(tiny_image(pixels))


def _look_at(path: Path) -> tuple[str, np.ndarray] | str:
    """Return the SHA-256 of a photo and its thumbnail, or why there are none."""
    try:
        if path.exists() and not path.is_file():  # Reading a pipe would hang.
            return "it is not a file"
        encoded = path.read_bytes()
        return hashlib.sha256(encoded).hexdigest(), thumbnail(encoded)
    except BadPhoto as error:
        return error.detail
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name.
        return str(getattr(error, "strerror", None) or error)


def _is_utf8(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True
