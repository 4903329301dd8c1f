"""A folder for each class, with the photos as hard links or copies."""

import filecmp
import os
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from .journal import Row

UNRECOGNIZED = "unrecognized"
_UNSAFE = re.compile(r'[\x00-\x1f/\\:*?"<>|]')


class Sorting:
    """Puts photos into `DIR/CLASS/PATH`, where PATH is the photo's path in its folder.

    So two photos never have the same place, and doing it again changes nothing.
    """

    def __init__(self, source: Path, target: Path, keep: Callable[[Row], bool]) -> None:
        self._source, self._target, self._keep = source, target, keep
        self.problems = 0
        self.last_problem = ""

    def put(self, rows: Iterable[Row]) -> None:
        """Link or copy the photos of these rows; one that can't be is counted in `problems`."""
        for row in rows:
            if "error" in row or not self._keep(row):
                continue
            name = UNRECOGNIZED if row["recognized"] is False else folder_name(row["label"])
            try:
                self._put(self._source / row["image"], self._target / name / row["image"])
            except OSError as error:
                self.problems += 1
                self.last_problem = f"{row['image']}: {error.strerror or error}"

    def _put(self, photo: Path, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        photo = photo.resolve()  # Not the link, if it is one.
        try:
            os.link(photo, place)
        except FileExistsError:
            if not photo.samefile(place) and not filecmp.cmp(photo, place, shallow=False):
                raise
        except OSError:  # Another disk, or no hard links there.
            partial = place.with_name(f".{place.name[:200]}.part")
            shutil.copy2(photo, partial)
            partial.replace(place)


def folder_name(label: str) -> str:
    """Return a label as a folder's name: `T-shirt/top` becomes `T-shirt-top`."""
    name = _UNSAFE.sub("-", label).strip(" .")[:100]
    return name or "unnamed"
