"""A file that may change: what is logged. What is read then, the tests of API keys show."""

from pathlib import Path

import pytest

from serving.repository.changing_file import ChangingFile


def _number(file: Path) -> int:
    return int(file.read_text())


def test_each_invalid_change_is_logged_also_after_the_file_was_missing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "numbers"
    file.write_text("1")
    numbers = ChangingFile(file, _number, "numbers", lambda: 0.0)
    file.unlink()
    for text in (None, "two", "three!"):
        if text:
            file.write_text(text)
        for _ in range(3):
            assert numbers.current() == 1
    missing, two, three = caplog.messages
    assert "No such file" in missing
    assert "'two'" in two
    assert "'three!'" in three


def test_an_unchanged_file_is_read_once(tmp_path: Path) -> None:
    file, reads = tmp_path / "numbers", []
    file.write_text("1")
    numbers = ChangingFile(file, lambda path: reads.append(path), "numbers")
    for _ in range(3):
        numbers.current()
    assert reads == [file]
