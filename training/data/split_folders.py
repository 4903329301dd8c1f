"""Folders of splits, by the names that tools and published data sets give them.

Known are the splits of Ultralytics (`train`, `val`), Roboflow (`valid`), Kaggle and tutorials
(`training_set`, `Testing`, `seg_train`, `test_images`), in small or capital letters.
"""

import re
from collections import Counter
from pathlib import Path

from training.data.class_folders import class_folders
from training.errors import TrainingError

SPLIT_FOLDERS = {"train": "training", "validation": "validation", "test": "test"}
"""The names that `prepare` gives the folders of the splits."""

_NAMES = {
    **dict.fromkeys(("train", "training"), "training"),
    **dict.fromkeys(("val", "valid", "validation", "dev"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}
_FORM = re.compile(r"(?:seg[ _-])?([a-z]+?)(?:[ _-]?(?:set|images|photos|data))?")


def split_named(name: str) -> str | None:
    """Return the split that a name stands for; None if it does not look like one."""
    match = _FORM.fullmatch(name.strip().casefold())
    return _NAMES.get(match[1]) if match else None


def split_folders(folder: Path) -> dict[str, Path]:
    """Return the folders of the splits by the split's name; empty if the sub-folders are classes.

    Validation or test may be missing. A folder of a split may have a single one of the same split
    in it (`seg_train/seg_train`), which counts then.

    Raises:
        TrainingError: there is no training split, or two folders are the same split.
    """
    found: dict[str, list[Path]] = {}
    others: list[Path] = []
    for path in class_folders(folder, Counter()):
        split = split_named(path.name)
        (found.setdefault(split, []) if split else others).append(path)
    for split, same in found.items():
        if len(same) > 1:
            names = " and ".join(path.name for path in same)
            raise TrainingError(
                f"{folder} has {names}, which look like the same split ({split}), not like classes:"
                " keep one of them"
            )
    paths = {split: _inner(split, path) for split, (path,) in found.items()}
    if len(paths) == 1 and others:  # A class may be called "test"; a split has classes in it.
        (only,) = paths.values()
        if len(class_folders(only, Counter())) < 2:
            return {}
    if paths and "training" not in paths:
        names = " and ".join(path.name for (path,) in found.values())
        raise TrainingError(
            f"{folder} has {names}, but no folder for the training split: name it train, or run the"
            " same `python -m training prepare` again if that was interrupted"
        )
    return paths


def _inner(split: str, folder: Path) -> Path:
    inner = class_folders(folder, Counter())
    return inner[0] if len(inner) == 1 and split_named(inner[0].name) == split else folder
