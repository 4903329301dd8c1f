"""Photos to sort by moving files: from `to-sort/GUESS/` to `sorted/LABEL/`.

The guesses lie apart from what is sorted, so that no photo counts as labelled which nobody has
moved.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from training.errors import UsageError, explained
from training.labelling.candidates import Candidate
from training.labelling.collected import SORTED, TO_SORT, folder_name
from training.progress_bars import ProgressCallback


def check_folder_names(labels: Sequence[str]) -> None:
    """Check that each label has a folder of its own.

    Raises:
        UsageError: two labels would have the same.
    """
    known: dict[str, str] = {}
    for label in labels:
        other = known.setdefault(folder_name(label).casefold(), label)
        if other != label:
            raise UsageError(
                f"the labels {other!r} and {label!r} would have the same folder: sort on the page,"
                " without --folders"
            )


def write_folders(
    folder: Path,
    photos: Sequence[Candidate],
    labels: Sequence[str],
    link: bool,
    progress: ProgressCallback,
) -> None:
    """Put photos into `to-sort/GUESS/`, beside an empty folder in `sorted/` for each label.

    Args:
        folder: where photos are collected.
        photos: their names get the first digits of their content, so that no two are the same
            wherever they are moved.
        labels: all that can be chosen.
        link: make hard links instead of copies.
        progress: counts the photos.

    Raises:
        TrainingError: a photo or a folder can't be written; those before it are there.
    """
    advice = "try without --link" if link else "free some space, or take another --output"
    with explained(f"cannot write to {folder}", advice):
        (folder / TO_SORT).mkdir(exist_ok=True)  # First: it tells the next run whose folder it is.
        for label in labels:
            (folder / SORTED / folder_name(label)).mkdir(parents=True, exist_ok=True)
        for number, photo in enumerate(photos, 1):
            name = f"{photo.path.stem[:40]}-{photo.content[:12]}{photo.path.suffix}"
            _put(photo.path, folder / TO_SORT / folder_name(photo.answer.guess) / name, link)
            progress(number, len(photos))


def _put(photo: Path, place: Path, link: bool) -> None:
    """Copy or link a photo in one step; what is at the place already is the same photo."""
    place.parent.mkdir(exist_ok=True)
    partial = place.with_name(f".{place.name}.part")  # Hidden files are no photos.
    try:
        if link:
            partial.unlink(missing_ok=True)
            os.link(photo.resolve(), partial)
        else:
            shutil.copy2(photo, partial)
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)
