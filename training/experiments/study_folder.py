"""The name of a study, the folder of its results, and the address of its database."""

import re
from pathlib import Path

from training.errors import UsageError, explained

_LONGEST = 80  # Characters of a name.


def study_name(text: str) -> str:
    """Return a text as the name of a study, which is that of a folder too."""
    return re.sub(r"[^\w.=-]+", "-", text).strip("-")[:_LONGEST]


def check_study_name(name: str) -> str:
    """Return a name that somebody gave to a study.

    Raises:
        UsageError: it can't be that of a folder in `experiments/`.
    """
    whole = name.isprintable() and name.strip() == name and not set(name) & set("/\\?")
    if not whole or name in ("", ".", "..") or len(name) > _LONGEST:
        raise UsageError(
            f"the name of a study is that of a folder too, with 1 to {_LONGEST} characters and"
            f" without / \\ and ?, such as widths-2, not {name[: 2 * _LONGEST]!r}"
        )
    return name


def study_folder(name: str, output: str | Path | None, storage: str | None) -> tuple[Path, str]:
    """Return the folder of a study's results, and the address of its database.

    Raises:
        UsageError: the name or the address is wrong, or the folder can't be part of an address.
    """
    from training.experiments.queue.storage import read_url  # Imports Optuna.

    folder = Path(output or Path("experiments") / check_study_name(name))
    if storage is not None:
        read_url(storage)
    elif "?" in str(folder):
        raise UsageError(f"the folder of a study can't have a question mark in its path: {folder}")
    return folder, storage or f"sqlite:///{folder / 'study.db'}"


def make_folder(folder: Path) -> None:
    """Make a folder, if it is missing.

    Raises:
        TrainingError: it can't be made.
    """
    with explained(f"the folder {folder} can't be made"):
        folder.mkdir(parents=True, exist_ok=True)
