"""Names of run folders: `<date>_<model>_<changed settings>_<key>`, safe in shells and URLs.

The date is the day on which the run began. The model is named if it is not the recipe's own, and
settings if they are not; without either, the name is `<date>_<key>`. Of runs with the same key
(`--fresh`), the second ends in `-2`. Earlier releases named a folder by its key alone.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from training.overrides import changed_settings, hyperparameters, shown_value
from training.recipe import Recipe

_LONGEST = 60  # Characters of settings.


def run_label(recipe: Recipe, own: Recipe) -> str:
    """Return the part of a name that tells runs of a recipe apart; empty without a difference.

    Args:
        recipe: with the overrides of the run.
        own: the same recipe without them.
    """
    model = "" if recipe.model == own.model else recipe.model
    return "_".join(
        filter(None, (model, _settings(changed_settings(hyperparameters(recipe), own))))
    )


def existing_folders(parent: Path, key: str) -> dict[int, Path]:
    """Return the folders of the runs with a key by their number, the last one at the end."""
    pattern = re.compile(rf"(?:.*_)?{key}(?:-(\d+))?")
    found = ((pattern.fullmatch(path.name), path) for path in parent.glob(f"*{key}*"))
    return dict(sorted((int(match[1] or 1), path) for match, path in found if match))


def new_folder(parent: Path, label: str, key: str, number: int) -> Path:
    """Return where the folder of a run belongs that begins today, the `number`-th with a key."""
    today = f"{datetime.now().astimezone():%Y-%m-%d}"
    ending = key if number == 1 else f"{key}-{number}"
    return parent / "_".join(filter(None, (today, label, ending)))


def key_of(folder: Path) -> str:
    """Return the key at the end of a folder's name: `3f2281fb62b1`, or `3f2281fb62b1-2`."""
    return folder.name.rpartition("_")[2]


def _settings(changed: Mapping[str, Any]) -> str:
    """Return as many of the settings as there is space for, and the number of the others."""
    shown: list[str] = []
    for name, value in changed.items():
        text = shown_value(value).rpartition("/")[2]  # Of paths, the file.
        word = re.sub(r"[^\w.,=-]", "-", f"{name}={text}", flags=re.ASCII)
        if len("_".join([*shown, word])) > _LONGEST:
            return "_".join([*shown, f"{len(changed) - len(shown)}-more"])
        shown.append(word)
    return "_".join(shown)
