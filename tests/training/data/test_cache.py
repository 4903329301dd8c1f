import subprocess
import sys
from pathlib import Path

import pytest

from training.data import cache
from training.data.cache import cached
from training.errors import TrainingError

HOLD = """
import sys, time
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("locked", flush=True)
    time.sleep(600)
"""


def write(folder: Path) -> None:
    (folder / "value").write_text("7")


def read(folder: Path) -> str:
    return (folder / "value").read_text()


def test_an_entry_is_written_once() -> None:
    written: list[Path] = []

    def count(folder: Path) -> None:
        written.append(folder)
        write(folder)

    assert [cached("key", count, read) for _ in range(3)] == ["7"] * 3
    assert len(written) == 1


def test_a_killed_process_releases_its_entry(tmp_path: Path) -> None:
    entry = cache._cached_folder("key", write)
    lock = cache._lock_of(entry)
    (entry / "value").unlink()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "locked\n"
        process.kill()

    assert cached("key", write, read) == "7"


def test_a_cache_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PHOTOLABEL_CACHE", str(tmp_path / "file"))

    with pytest.raises(TrainingError, match=r"cannot write into the cache .*PHOTOLABEL_CACHE$"):
        cached("key", write, read)
