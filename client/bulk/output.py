"""The results file, written from the rows of the journal: CSV, JSON lines or Parquet."""

import csv
import io
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from .errors import BulkError
from .journal import Row

COLUMNS = ("image", "label", "probability", "recognized", "version", "probabilities", "error")
FORMATS = (".csv", ".jsonl", ".parquet")
_ROWS_PER_GROUP = 10_000


class Output:
    """A results file. It begins with the rows of the journal; Parquet is written at the end."""

    def __init__(self, path: Path, keep: Callable[[Row], bool]) -> None:
        if path.suffix not in FORMATS:
            raise BulkError(f"--out {path} must end in .csv, .jsonl or .parquet")
        if path.suffix == ".parquet":
            _parquet()
        self._path = path
        self._keep = keep
        self._file: io.TextIOWrapper | None = None

    def begin(self, rows: Iterable[Row]) -> None:
        """Write the rows so far in one step, and open the file for more."""
        if self._path.suffix == ".parquet":
            return
        temporary = _beside(self._path)
        with temporary.open("w", encoding="utf-8", newline="") as file:
            if self._path.suffix == ".csv":
                file.write(",".join(COLUMNS) + "\n")
            while some := list(islice(rows := iter(rows), _ROWS_PER_GROUP)):
                file.write(self._text(some))
        temporary.replace(self._path)
        self._file = self._path.open("a", encoding="utf-8", newline="")

    def append(self, rows: Sequence[Row]) -> None:
        """Add the rows that are kept."""
        if self._file is not None:
            self._file.write(self._text(rows))
            self._file.flush()

    def end(self, rows: Iterator[Row]) -> None:
        """Sync the file to disk, or write the Parquet file from all rows."""
        if self._file is None:
            self._write_parquet(rows)
        else:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _text(self, rows: Iterable[Row]) -> str:
        kept = [row for row in rows if self._keep(row)]
        if self._path.suffix == ".jsonl":
            return "".join(json.dumps(row) + "\n" for row in kept)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows([_cell(row.get(column)) for column in COLUMNS] for row in kept)
        return text.getvalue()

    def _write_parquet(self, rows: Iterator[Row]) -> None:
        pa, parquet = _parquet()
        schema = parquet_schema()
        temporary = _beside(self._path)
        with parquet.ParquetWriter(temporary, schema) as writer:
            while some := list(islice(rows, _ROWS_PER_GROUP)):
                content = [for_parquet(row) for row in some if self._keep(row)]
                writer.write_table(pa.Table.from_pylist(content, schema))
        temporary.replace(self._path)


def _beside(path: Path) -> Path:
    # The lock of the journal keeps other runs away; what a killed one has left is replaced.
    return path.with_name(f".{path.name}.tmp")


def _parquet() -> tuple[Any, Any]:
    try:
        modules = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        message = "Parquet needs pyarrow: pip install 'photolabel[parquet]', or use .csv"
        raise BulkError(message) from None
    return modules


def parquet_schema() -> Any:
    """Return the columns of Parquet files with their types."""
    pa, _ = _parquet()
    types = (pa.string(), pa.string(), pa.float64(), pa.bool_(), pa.int64())
    fields = [*types, pa.map_(pa.string(), pa.float64()), pa.string()]
    return pa.schema(list(zip(COLUMNS, fields, strict=True)))


def for_parquet(row: Row) -> Row:
    """Return a row as PyArrow takes it."""
    pairs = list((row.get("probabilities") or {}).items())
    return {**row, "image": printable(row["image"]), "probabilities": pairs}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return printable(value)
    return json.dumps(value, ensure_ascii=False)


def printable(text: str) -> str:
    r"""Escape a backslash, and as in Python what is not printable, such as `\n` and `\udcff`."""
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(
        c if c.isprintable() and c != "\\" else c.encode("unicode_escape").decode() for c in text
    )
