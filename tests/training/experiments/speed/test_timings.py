from pathlib import Path

import pytest

from training.errors import TrainingError, UsageError
from training.experiments.speed.timings import (
    Combination,
    Timing,
    in_turn,
    read_batch_sizes,
    read_loadings,
    read_timings,
    spread,
    write_timings,
)

TIMINGS = [
    Timing(512, "serial", 1, reason="out of memory"),
    Timing(64, "serial", 1, 12.5, 4800.25, 938, 938),
    Timing(64, "parallel", 1, 0.875, 68571.4, 200, 938),
]


@pytest.mark.parametrize("text", ["", "32,", "0", "32,0", "-8", "8.5", "many", "32;64", "٣"])
def test_a_wrong_batch_size_is_reported(text: str) -> None:
    with pytest.raises(UsageError, match="--batch-sizes takes whole numbers from 1, such as"):
        read_batch_sizes(text)


@pytest.mark.parametrize("text", ["", "serial,", "fast", "serial,fast"])
def test_an_unknown_loading_is_reported(text: str) -> None:
    with pytest.raises(UsageError, match="--loading is serial or parallel, or both, not"):
        read_loadings(text)


def test_values_are_read_in_their_order_and_only_once() -> None:
    assert read_batch_sizes("64, 32") == (64, 32)
    assert read_loadings("parallel,serial") == ("parallel", "serial")
    with pytest.raises(UsageError, match="--batch-sizes 32,32: a value is named twice"):
        read_batch_sizes("32,32")


def test_each_repetition_measures_all_combinations_in_an_order_of_its_own() -> None:
    combinations = [Combination(size, "serial") for size in range(1, 9)]
    planned = in_turn(combinations, repetitions=3)

    orders = [[each for number, each in planned if number == n] for n in (1, 2, 3)]
    assert all(sorted(order) == combinations for order in orders)
    assert [number for number, _ in planned] == [1] * 8 + [2] * 8 + [3] * 8
    assert len({tuple(order) for order in orders}) == 3
    assert in_turn(combinations, repetitions=4)[: len(planned)] == planned


@pytest.mark.parametrize("decimal_comma", [False, True])
def test_timings_are_kept_in_a_file(tmp_path: Path, decimal_comma: bool) -> None:
    path = tmp_path / "timings.csv"
    write_timings(path, TIMINGS, decimal_comma=decimal_comma)

    assert read_timings(path) == TIMINGS[::-1]


def test_decimal_commas_are_separated_by_semicolons(tmp_path: Path) -> None:
    path = tmp_path / "timings.csv"
    write_timings(path, TIMINGS[1:2], decimal_comma=True)

    assert path.read_bytes() == (
        b"batch_size;loading;repetition;seconds_per_epoch;images_per_second;steps;steps_per_epoch;"
        b"reason\r\n64;serial;1;12,5;4800,25;938;938;\r\n"
    )


def test_a_file_that_a_spreadsheet_has_saved_is_read(tmp_path: Path) -> None:
    path = tmp_path / "timings.csv"
    write_timings(path, TIMINGS[1:2], decimal_comma=True)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\r\n", b"\n"))

    assert read_timings(path) == TIMINGS[1:2]


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "batch_size,loading\nx,y\n", "\xff\xff"])
def test_another_file_is_reported(tmp_path: Path, text: str) -> None:
    path = tmp_path / "timings.csv"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(TrainingError, match=r"timings.csv is not a file of measurements"):
        read_timings(path)


def test_the_spread_is_median_and_range_of_what_was_measured() -> None:
    assert spread([3.0, None, 1.0, 2.0]) == (2.0, 1.0, 3.0)
    assert spread([None]) is None
