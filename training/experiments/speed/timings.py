"""The measurements of speed, and the CSV file that keeps them.

The file opens in a spreadsheet: with decimal commas, semicolons separate the columns, as
spreadsheets expect it where numbers have commas. All characters are ASCII, so that no byte order
mark is needed. No framework is imported here.
"""

import csv
import random
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import NamedTuple

from serving.repository.atomic_write import atomic_write
from training.errors import TrainingError, UsageError, explained

TIMINGS = "timings.csv"

LOADINGS = ("serial", "parallel")
"""`serial`: each batch is prepared when the step before it has ended; `parallel`: threads prepare
the next batches during the steps, as in all runs."""


class Combination(NamedTuple):
    """What is varied: the batch size, and one of `LOADINGS`."""

    batch_size: int
    loading: str


@dataclass(frozen=True)
class Timing:
    """One measurement, or the reason why there is none.

    Attributes:
        batch_size: number of photos in a batch.
        loading: one of `LOADINGS`.
        repetition: from 1.
        seconds_per_epoch: of all steps, without validation; None if it could not be measured.
        images_per_second: photos that the network is fitted to.
        steps: that were measured; fewer than those of an epoch if it takes long.
        steps_per_epoch: of the whole epoch.
        reason: why it could not be measured.
    """

    batch_size: int
    loading: str
    repetition: int
    seconds_per_epoch: float | None = None
    images_per_second: float | None = None
    steps: int | None = None
    steps_per_epoch: int | None = None
    reason: str = ""

    @property
    def combination(self) -> Combination:
        """What was measured."""
        return Combination(self.batch_size, self.loading)


_COLUMNS = tuple(field.name for field in fields(Timing))
_FIGURES = {"seconds_per_epoch": float, "images_per_second": float}
_COUNTS = ("batch_size", "repetition", "steps", "steps_per_epoch")


def read_batch_sizes(text: str) -> tuple[int, ...]:
    """Read what `--batch-sizes` takes: whole numbers above 0, separated by commas.

    Raises:
        UsageError: there is none, one is not such a number, or one is named twice.
    """
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if not (word.isascii() and word.isdecimal() and int(word)):
            raise UsageError(
                f"--batch-sizes takes whole numbers from 1, such as 32,64,128, not {text!r}"
            )
    return _once("--batch-sizes", text, tuple(map(int, words)))


def read_loadings(text: str) -> tuple[str, ...]:
    """Read what `--loading` takes: some of `LOADINGS`, separated by commas.

    Raises:
        UsageError: there is none, one is unknown, or one is named twice.
    """
    words = tuple(word.strip() for word in text.split(","))
    if not set(words) <= set(LOADINGS):
        raise UsageError(f"--loading is {' or '.join(LOADINGS)}, or both, not {text!r}")
    return _once("--loading", text, words)


def _once(option: str, text: str, values: tuple[int | str, ...]) -> tuple:  # type: ignore[type-arg]
    if len(set(values)) < len(values):
        raise UsageError(f"{option} {text}: a value is named twice")
    return values


def in_turn(combinations: Sequence[Combination], repetitions: int) -> list[tuple[int, Combination]]:
    """Return the repetition (from 1) and the combination of each measurement, in their order.

    Each repetition measures all combinations, in an order of its own: a phase in which the machine
    is slow hits all of them.
    """
    planned = []
    for repetition in range(1, repetitions + 1):
        shuffled = random.Random(repetition).sample(combinations, len(combinations))  # noqa: S311
        planned += [(repetition, combination) for combination in shuffled]
    return planned


class Spread(NamedTuple):
    """Several measurements of one figure."""

    median: float
    lowest: float
    highest: float


def spread(figures: Iterable[float | None]) -> Spread | None:
    """Return the median and the range of the figures that were measured; None without any."""
    found = [figure for figure in figures if figure is not None]
    return Spread(statistics.median(found), min(found), max(found)) if found else None


def write_timings(path: Path, timings: Iterable[Timing], *, decimal_comma: bool) -> None:
    """Write a CSV file in one step, sorted by batch size, loading and repetition.

    Raises:
        TrainingError: it can't be written.
    """
    ordered = sorted(timings, key=lambda each: (each.combination, each.repetition))
    with (
        explained(f"cannot write {path}", "free some space there; the same command goes on"),
        atomic_write(path) as temporary,
        open(temporary, "w", encoding="ascii", errors="replace", newline="") as file,
    ):
        rows = csv.writer(file, delimiter=";" if decimal_comma else ",")
        rows.writerow(_COLUMNS)
        rows.writerows([_written(value, decimal_comma) for value in astuple(t)] for t in ordered)


def _written(value: object, decimal_comma: bool) -> object:
    if not isinstance(value, float):
        return value
    text = f"{value:.6g}" if value < 1e6 else f"{value:.0f}"
    return text.replace(".", ",") if decimal_comma else text


def read_timings(path: Path) -> list[Timing]:
    """Read a file of `write_timings`, with decimal commas or points; there need not be one.

    Raises:
        TrainingError: it is not such a file.
    """
    try:
        text = path.read_text("utf-8-sig") if path.exists() else ""
        commas = text.partition("\n")[0].count(";") > 0
        rows = csv.DictReader(text.splitlines(), delimiter=";" if commas else ",")
        return [_timing(row) for row in rows]
    except (ValueError, KeyError, AttributeError) as error:
        raise TrainingError(
            f"{path} is not a file of measurements ({error}): choose another --output"
        ) from error


def _timing(row: dict[str, str]) -> Timing:
    values: dict[str, object] = {name: row[name] for name in ("loading", "reason")}
    values |= {name: int(row[name]) if row[name] else None for name in _COUNTS}
    for name in _FIGURES:
        values[name] = float(row[name].replace(",", ".")) if row[name] else None
    return Timing(**values)  # type: ignore[arg-type]
