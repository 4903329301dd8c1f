"""Own photos of the labels of a data set: in folders, in a zip file or in a list.

The folders are named as labels, or `other` for photos of none of the classes; one folder around
them does not matter. Folders of splits around them are used as the splits.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from training.data.class_folders import (
    PHOTO_FILES,
    LeftOut,
    class_folders,
    left_out_line,
    photos_below,
)
from training.data.label_names import OTHER, is_other, label_index
from training.data.labelled_photos import Photo
from training.data.photo_archives import photos_in_archive
from training.data.photo_lists import ENDINGS, is_photo_list, read_photo_list
from training.data.prepared_photos import Source
from training.data.split_folders import split_named
from training.errors import TrainingError, UsageError

_Placed = tuple[Source, list[str], str]  # A photo, the folders in its name, and its split.


def check_own_photos(path: Path) -> None:
    """Check that a path may be one of own photos, without reading them.

    Raises:
        UsageError: it is neither a folder nor a zip file nor a list of photos.
    """
    if not path.exists():
        raise UsageError(
            f"there are no own photos {path}: name them with --also, or train without them, with"
            " --set own.photos="
        )
    if not (path.is_dir() or path.suffix.casefold() in (".zip", *ENDINGS)):
        raise UsageError(
            f"{path} has no own photos: name a folder or a .zip file that has a folder for each"
            " class, or a list of photos (.csv or .jsonl)"
        )


@contextmanager
def own_photos(path: Path, labels: Sequence[str], notes: list[str]) -> Iterator[list[Photo]]:
    """Provide the photos of a folder, a zip file or a list, which can be read within the context.

    Args:
        path: of the folder or the file.
        labels: those that the photos may have.
        notes: gets a line about files that were left out.

    Yields:
        The photos. The label of each is one of `labels`, or `OTHER` where it shows none of them.

    Raises:
        TrainingError: the photos can't be read, there are none, or a folder or a line of the list
            names no label.
    """
    check_own_photos(path)
    left_out = LeftOut()
    if is_photo_list(path):
        yield [_labelled(each, labels, path) for each in read_photo_list(path)]
    elif path.is_dir():
        yield _in_folders(_files_below(path, left_out), labels, path, left_out)
    else:
        with photos_in_archive(path, left_out) as sources:
            yield _in_folders(sources, labels, path, left_out)
    notes += [line for line in [left_out_line(left_out)] if line]


def _files_below(path: Path, left_out: LeftOut) -> list[Source]:
    return [
        source
        for folder in class_folders(path, left_out)
        for source in photos_below(folder, path, left_out)
    ]


def _in_folders(
    sources: Sequence[Source], labels: Sequence[str], path: Path, left_out: LeftOut
) -> list[Photo]:
    """Return photos with the labels and the splits that the folders in their names stand for."""
    placed = [(source, source.name.split("/")[:-1], "") for source in sources]
    tops = _tops(placed)
    has_inner = any(len(folders) > 1 for _, folders, _ in placed)
    if len(tops) == 1 and has_inner and not _label(tops[0], labels):
        placed = [(source, folders[1:], "") for source, folders, _ in placed]
        tops = _tops(placed)
    if any(map(split_named, tops)) and not any(_label(top, labels) for top in tops):
        placed = list(_in_splits(placed, labels, left_out))
    found = []
    for source, folders, split in placed:
        if folders:
            found.append(_labelled(Photo(source, folders[0], split), labels, path))
        elif PHOTO_FILES.fullmatch(source.name):
            left_out["outside the class folders"] += 1
    if not found:
        raise TrainingError(
            f"{path} has no photos in folders named as the labels: {', '.join(labels)}"
        )
    return found


def _in_splits(
    placed: Sequence[_Placed], labels: Sequence[str], left_out: LeftOut
) -> Iterator[_Placed]:
    """Yield what is in folders of splits, also in one of the same split (`seg_train/seg_train`)."""
    for source, folders, _ in placed:
        split = split_named(folders[0]) if folders else None
        if split is None:
            left_out["beside the splits"] += bool(PHOTO_FILES.fullmatch(source.name))
            continue
        inner = folders[1:]
        if inner and split_named(inner[0]) == split and not _label(inner[0], labels):
            inner = inner[1:]
        yield source, inner, split


def _tops(placed: Sequence[_Placed]) -> list[str]:
    return sorted({folders[0] for _, folders, _ in placed if folders})


def _label(name: str, labels: Sequence[str]) -> str | None:
    index = label_index(name, labels)
    if index is not None:
        return labels[index]
    return OTHER if is_other(name, labels) else None


def _labelled(photo: Photo, labels: Sequence[str], path: Path) -> Photo:
    label = _label(photo.label, labels)
    if label is None:
        what = "label" if is_photo_list(path) else "folder"
        raise TrainingError(
            f"the {what} {photo.label!r} in {path} is none of the labels: they are"
            f" {', '.join(labels)}; {OTHER!r} is for photos of none of them"
        )
    return replace(photo, label=label)
