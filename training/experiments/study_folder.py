"""The name of a study, the folder of its results, and the address of its database."""

import re
from pathlib import Path

from training.errors import explained

_LONGEST = 80  # Characters of a name.


def study_name(text: str) -> str:
    """Return a text as the name of a study, which is that of a folder too."""
    return re.sub(r"[^\w.=-]+", "-", text).strip("-")[:_LONGEST]


def study_folder(name: str, output: str | Path | None, storage: str | None) -> tuple[Path, str]:
    """Return the folder of a study's results, and the address of its database."""
    folder = Path(output or Path("experiments") / name)
    return folder, storage or f"sqlite:///{folder / 'study.db'}"


def make_folder(folder: Path) -> None:
    """Make a folder, if it is missing.

    Raises:
        TrainingError: it can't be made.
    """
    with explained(f"the folder {folder} can't be made"):
        folder.mkdir(parents=True, exist_ok=True)
