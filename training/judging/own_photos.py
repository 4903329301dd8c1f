"""The photos of a user to score a model on: in folders or lists, with labels of the model."""

from pathlib import Path

from rich.console import Console

from training.console import say
from training.data.class_folders import LeftOut, class_folders, left_out_line, photos_below
from training.data.label_names import label_index
from training.data.photo_lists import is_photo_list, read_photo_list
from training.data.prepared_photos import Source
from training.data.split_folders import split_folders
from training.errors import TrainingError
from training.judging.scored_model import ScoredModel


def labelled_sources(
    model: ScoredModel, path: Path, split: str, console: Console
) -> list[tuple[Source, int]]:
    """Return the photos of a folder or a list, each with the index of its label.

    Raises:
        TrainingError: no such folder, nothing in the split, or a label that the model lacks.
    """
    if is_photo_list(path):
        listed = [photo for photo in read_photo_list(path) if photo.split in ("", split)]
        if not listed:
            raise no_photos(path, split)
        return [
            (photo.source, _index(model, photo.label, f"the label {photo.label!r} in {path}"))
            for photo in listed
        ]
    if not path.is_dir():
        raise TrainingError(f"the folder of photos {path} does not exist")
    splits = split_folders(path)
    if splits and split not in splits:
        raise no_photos(path, split)
    return _photos_in_classes(model, splits.get(split, path), console)


def _photos_in_classes(
    model: ScoredModel, folder: Path, console: Console
) -> list[tuple[Source, int]]:
    left_out = LeftOut()
    inner = class_folders(folder, left_out)
    if not inner:
        raise TrainingError(f"{folder} has no sub-folders; each class needs one with its photos")
    found = []
    for path in inner:
        index = _index(model, path.name, f"the sub-folder {path.name!r} of {folder}")
        found += [(source, index) for source in photos_below(path, folder, left_out)]
    if line := left_out_line(left_out):
        say(console, line)
    return found


def no_photos(where: object, split: str) -> TrainingError:
    """Return the error for a split without photos."""
    return TrainingError(f"{where} has no {split} photos; take another --split")


def _index(model: ScoredModel, name: str, described: str) -> int:
    """Return the index of the label that a folder or a list names."""
    index = label_index(name, model.labels)
    if index is None:
        raise TrainingError(
            f"{described} is not a label of {model.name}/{model.version}; its labels are"
            f" {', '.join(model.labels)}"
        )
    return index
