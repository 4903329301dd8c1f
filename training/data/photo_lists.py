"""Lists of labelled photos: a CSV file (`path,label` or `path,label,split`) or JSON Lines.

Paths are absolute or relative to the folder of the list. The columns may be in any order and others
among them; columns may be separated by commas, semicolons (as Excel does in many countries) or
tabs. Each line of JSON Lines is an object with the same keys.
"""

import csv
import io
import json
import os
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from training.data.labelled_photos import Photo
from training.data.prepared_photos import Source
from training.data.split_folders import split_named
from training.errors import TrainingError

ENDINGS = (".csv", ".jsonl", ".ndjson")

_Row = tuple[int, Mapping[str, Any]]  # Number of its line, and its values by the column.


def is_photo_list(path: Path) -> bool:
    """Return whether a path is that of a list of photos."""
    return path.is_file() and path.suffix.casefold() in ENDINGS


def read_photo_list(path: Path) -> list[Photo]:
    """Return the photos of a list, with their splits if it has a column for them.

    Raises:
        TrainingError: the list can't be read, lacks a column, a label, a split or a photo's file,
            or names an unknown split.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise TrainingError(f"cannot read {path} ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise TrainingError(
            f"{path} is not UTF-8 ({error.reason} at byte {error.start:,}): save it as UTF-8, in"
            " Excel as “CSV UTF-8”"
        ) from error
    rows = _csv_rows(path, text) if path.suffix.casefold() == ".csv" else _json_rows(path, text)
    found = {(each.source.name, each.label, each.split): each for each in _photos(path, rows)}
    photos = list(found.values())
    if not photos:
        raise TrainingError(f"{path} lists no photos")
    if len({bool(photo.split) for photo in photos}) > 1:
        unsplit = next(photo.source.name for photo in photos if not photo.split)
        raise TrainingError(f"{path}: {unsplit} has no split, but others have: name one for each")
    return photos


def _csv_rows(path: Path, text: str) -> Iterator[_Row]:
    header = text.partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns: list[str] = []
    try:
        for values in reader:
            if not columns:
                columns = [value.strip().casefold() for value in values]
                if not {"path", "label"} <= set(columns):
                    raise TrainingError(
                        f"{path}, line 1: the columns are {', '.join(values) or 'missing'}; a list"
                        " of photos begins with the line path,label or path,label,split"
                    )
            elif any(values):
                yield reader.line_num, dict(zip(columns, values, strict=False))
    except csv.Error as error:
        raise TrainingError(f"{path}, line {reader.line_num}: {error}") from error


def _json_rows(path: Path, text: str) -> Iterator[_Row]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise TrainingError(f"{path}, line {number} is not JSON ({error})") from error
        if not isinstance(row, dict) or not {"path", "label"} <= row.keys():
            raise TrainingError(
                f'{path}, line {number}: each line is an object like {{"path": …, "label": …}},'
                f" not {line.strip()[:80]}"
            )
        yield number, row


def _photos(path: Path, rows: Iterator[_Row]) -> Iterator[Photo]:
    missing = []
    for number, row in rows:
        where = f"{path}, line {number}"
        name, label, split = (_value(where, row, key) for key in ("path", "label", "split"))
        for key, value in (("path", name), ("label", label)):
            if not value:
                raise TrainingError(f"{where}: the {key} is empty")
        if not label.isprintable():
            raise TrainingError(f"{where}: {label!r} can't be a label, as it can't be printed")
        known = split_named(split) if split else ""
        if known is None:
            raise TrainingError(
                f"{where}: unknown split {split!r}; known: train, validation and test"
            )
        file = path.parent / name
        if not os.path.isfile(file):  # False also for names that can't be those of files.
            missing.append(f"{where}: there is no file {file}")
        yield Photo(Source(name, file.read_bytes, str(file.absolute())), label, known)
    if missing:
        raise TrainingError(
            missing[0]
            + (f", and {len(missing) - 1:,} more of its files are missing" if missing[1:] else "")
        )


def _value(where: str, row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TrainingError(f"{where}: the {key} is {value!r}: write it as text, in quotes")
    return unicodedata.normalize("NFC", value.strip()) if key != "path" else value.strip()
