"""The files of a report, each written in one step."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from serving.repository.atomic_write import atomic_write
from training.errors import explained


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield the temporary path of a file, and create the folder it is in.

    Raises:
        TrainingError: it can't be written.
    """
    with explained(f"cannot write {path}", "free some space there, or use another --output"):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            yield temporary


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a data frame, without its index, as UTF-8 CSV with line ends of spreadsheets."""
    whole = frame.convert_dtypes()  # Counts stay whole beside rows that have none.
    with writing(path) as temporary:
        # The mark at the beginning tells spreadsheets that it is UTF-8.
        whole.to_csv(temporary, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def write_page(text: str, path: Path) -> Path:
    """Write a page, and return its path."""
    with writing(path) as temporary:
        temporary.write_text(text, "utf-8")
    return path
