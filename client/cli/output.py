"""Results on standard output, line by line: JSON, CSV, or fields between tabs."""

import csv
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from ..bulk.output import printable
from ..results import BadPhoto, Prediction
from .photo_files import PhotoFiles
from .tables import PhotoTable, one_line

BAD_PHOTOS = 3
_COLUMNS = ("image", "label", "probability", "recognized", "version", "probabilities")


class Rows:
    """Prints records as they come.

    Args:
        form: "json", "csv" or "tsv".
        columns: the members of a record in CSV and between tabs.
    """

    def __init__(self, form: str, columns: Sequence[str]) -> None:
        self._form = form
        self._columns = columns
        self._printed = False

    def add(self, record: dict[str, Any]) -> None:
        """Print a record in one line."""
        if self._form == "json":
            print_line(json.dumps(record))
            return
        cells = [_cell(record[column]) for column in self._columns]
        if self._form == "tsv":
            print_line("\t".join(cells))
            return
        if not self._printed:
            print_line(",".join(self._columns))
        self._printed = True
        text = io.StringIO()
        csv.writer(text, lineterminator="").writerow(cells)
        print_line(text.getvalue())


class PhotoResults:
    """Prints results of photos as they come, and bad photos on standard error.

    Attributes:
        status: the exit status so far.
    """

    def __init__(self, form: str, heat: bool = False) -> None:
        columns = (*_COLUMNS, "heat") if heat else _COLUMNS
        self._rows = None if form == "table" else Rows(form, columns)
        self._form = form
        self._table = PhotoTable(heat)
        self.status = 0

    def add(self, result: Prediction | BadPhoto, files: PhotoFiles) -> None:
        """Print the result of the photo that waits for longest."""
        named = replace(result, image=files.waiting.popleft())
        if isinstance(named, BadPhoto):
            self.bad(named.image, named.detail or named.title)
        elif self._rows is None:
            self._table.add(named, files.waiting)
        else:
            self._rows.add(_record(named, self._form))

    def bad(self, image: str, reason: str) -> None:
        """Report a photo that can't be classified."""
        sys.stdout.flush()
        sys.stderr.write(f"error: {one_line(f'{image}: {reason}')}\n")
        self.status = BAD_PHOTOS


def _record(prediction: Prediction, form: str) -> dict[str, Any]:
    """Return the members of a prediction; classes by name where a cell holds them all."""
    record = asdict(prediction)
    if form != "json":
        pairs = ((each.label, each.probability) for each in prediction.probabilities)
        record["probabilities"] = dict(pairs)
    return record


def print_line(text: str) -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    # A backslash in JSON is escaped already.
    return printable(value) if isinstance(value, str) else json.dumps(value)
