"""The results of `photolabel bulk` (docs/bulk.md): CSV, JSON lines, or Parquet."""

import csv
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.errors import TrainingError, UsageError

FORMATS = (".csv", ".tsv", ".jsonl", ".parquet")
_COLUMNS = {"image", "label", "probabilities", "error"}

# As `printable` in client/bulk/output.py writes a name: `\n`, `\udcff`, and `\\` for a backslash.
_ESCAPE = re.compile(r"\\(?:([\\nrt])|x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
_LETTERS = {"\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True)
class Answer:
    """What a model answered for a photo.

    Attributes:
        image: the photo's path relative to the folder that was classified.
        guess: the most probable label; empty if there is an error.
        probability: that of the guess.
        margin: the probability of the guess minus that of the second label, 0 to 1: how sure the
            model is (Scheffer et al. 2001; Settles 2009, section 3.1).
        recognized: whether the photo resembles the training photos; None if that is unknown.
        error: why the photo was not classified; empty otherwise.
    """

    image: str
    guess: str = ""
    probability: float = 0.0
    margin: float = 0.0
    recognized: bool | None = None
    error: str = ""


@dataclass(frozen=True)
class BulkResults:
    """The answers of a run of `bulk`, in its order, and the labels that occur in them."""

    answers: Sequence[Answer]
    labels: tuple[str, ...]


def read_results(path: Path) -> BulkResults:
    """Read the results of a run of `bulk`; those of one with `--ray` are a folder.

    Raises:
        UsageError: there is no such file, or its name ends in another way.
        TrainingError: it can't be read, has no rows, or is not the result of `bulk`.
    """
    if not path.exists():
        raise UsageError(f"there are no results {path}: give what `photolabel bulk --out` wrote")
    if not path.is_dir() and path.suffix not in FORMATS:
        raise UsageError(f"results end in {', '.join(FORMATS)}, but not {path.name}")
    answers, labels = [], dict[str, None]()
    rows = _parquet_rows(path) if path.is_dir() or path.suffix == ".parquet" else _lines(path)
    for where, row in rows:
        try:
            probabilities = dict(row["probabilities"] or {})
            answers.append(_answer(row, probabilities))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise TrainingError(
                f"{where} is not a result of `photolabel bulk` ({type(error).__name__}: {error})"
            ) from error
        labels.update(dict.fromkeys(probabilities))
        if len(probabilities) == 1:
            raise TrainingError(
                f"{where} has the probability of one class only, which does not tell how close the"
                " second one was: run `photolabel bulk` without --top 1"
            )
    if not answers:
        raise TrainingError(f"{path} has no results")
    return BulkResults(answers, tuple(sorted(labels)))


def _answer(row: Mapping[str, Any], probabilities: dict[str, float]) -> Answer:
    image, error = row["image"], row.get("error")
    if not isinstance(image, str) or not image:
        raise ValueError(f"its image is {image!r}")
    if image.startswith("/") or ".." in image.split("/"):
        raise ValueError(f"its image {image!r} is not a path in the folder")
    if error:
        return Answer(image, error=str(error))
    shares = sorted(map(float, probabilities.values()), reverse=True)
    if not shares or not all(math.isfinite(share) for share in shares):
        raise ValueError("its probabilities are missing")
    guess, recognized = row["label"], row.get("recognized")
    if recognized not in (True, False, None):
        raise ValueError(f"recognized is {recognized!r}")
    margin = shares[0] - sum(shares[1:2])
    return Answer(image, str(guess), shares[0], margin, recognized)


def _lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the rows of a text file, each with where it is."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _json_rows(path, file) if path.suffix == ".jsonl" else _csv_rows(path, file)
    except OSError as error:
        raise TrainingError(f"cannot read {path} ({error.strerror})") from error
    except (UnicodeDecodeError, csv.Error, RecursionError) as error:
        raise TrainingError(f"{path} is not a result of `photolabel bulk` ({error})") from error


def _json_rows(path: Path, file: Iterator[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(file, 1):
        try:
            row = json.loads(line)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise TrainingError(f"{path}, line {number} is not a result of `photolabel bulk`")
        yield f"{path}, line {number}", {"probabilities": None, **row}


def _csv_rows(path: Path, file: Iterator[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    header = next(file, "").strip()
    delimiter = max(",;\t", key=header.count)
    columns = header.split(delimiter)
    if not set(columns) >= _COLUMNS:
        raise TrainingError(
            f"{path} is not a result of `photolabel bulk`: its columns are"
            f" {', '.join(columns)[:200] or 'missing'}"
        )
    csv.field_size_limit(2**24)  # Probabilities of many classes.
    for number, row in enumerate(csv.DictReader(file, columns, delimiter=delimiter), 2):
        yield f"{path}, line {number}", _from_text(row)


def _from_text(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of CSV with its types; what is no JSON stays, and is refused as a value."""
    values = dict(row)
    for column in ("probabilities", "recognized"):
        text = row.get(column) or "null"
        try:
            values[column] = json.loads(text.lower() if column == "recognized" else text)
        except (ValueError, AttributeError):
            values[column] = {} if column == "probabilities" else row[column]
    for column in ("image", "label"):
        values[column] = _ESCAPE.sub(_unescaped, row[column])
    return values


def _unescaped(match: re.Match[str]) -> str:
    letter, *digits = match.groups()
    return _LETTERS[letter] if letter else chr(int(next(filter(None, digits)), 16))


def _parquet_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise TrainingError(
            "Parquet needs pyarrow: pip install pyarrow, or run `photolabel bulk` again with the"
            " same options and --out results.csv"
        ) from None
    try:
        rows = parquet.read_table(path).to_pylist()
    except Exception as error:  # PyArrow raises many types on damaged files.
        reason = str(error).partition("\n")[0]
        raise TrainingError(f"{path} is not a result of `photolabel bulk` ({reason})") from error
    for number, row in enumerate(rows, 1):
        text = {name: row.get(name) or "" for name in ("image", "label")}
        image = _ESCAPE.sub(_unescaped, text["image"])
        yield f"{path}, row {number}", {"probabilities": None, **row, "image": image}
