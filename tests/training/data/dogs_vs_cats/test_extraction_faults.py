"""Extractions that are interrupted, and archives that are damaged."""

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.training.conftest import encoded
from tests.training.data.dogs_vs_cats.test_extraction import files, prepared
from training.__main__ import main
from training.data.dogs_vs_cats import extraction
from training.data.dogs_vs_cats.extraction import DAMAGED_LIST
from training.data.loaders.cats_dogs import load_cats_dogs
from training.errors import TrainingError

TIMEOUT_SECONDS = 120  # The machine may be busy with other things.


def check_unfinished(folder: Path) -> None:
    """Check that a folder with a part of the photos is not taken for a whole one."""
    with pytest.raises(TrainingError, match=r"prepare` again if that was interrupted"):
        load_cats_dogs(folder, "squash/1", (12, 16, 3), lambda done, total: None)


@pytest.mark.integration
def test_a_killed_extraction_is_continued(pets: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(pets / "train.zip", "a") as archive:
        for number in range(20, 400):
            archive.writestr(f"train/cat.{number}.jpg", encoded((400, 300), number % 150))
    folder = tmp_path / "out"
    command = [sys.executable, "-m", "training", "prepare", "dogs-vs-cats"]
    process = subprocess.Popen(
        [*command, str(pets / "train.zip"), str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while len(list(folder.rglob("cat.*.jpg"))) < 20 and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = {path.name: path.stat().st_mtime_ns for path in folder.rglob("cat.*.jpg")}
    check_unfinished(folder)

    made = prepared(pets, folder)

    assert sum(made.photos.values()) == 420
    assert not list(folder.rglob(".new-*"))
    assert len(finished) >= 20
    times = {path.name: path.stat().st_mtime_ns for path in folder.rglob("cat.*.jpg")}
    assert times.items() >= finished.items()
    prepared(pets, tmp_path / "whole")
    assert files(folder) == files(tmp_path / "whole")


def test_a_disk_that_fills_up_loses_nothing(
    pets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = extraction._put
    written: list[Path] = []

    def until_full(target: Path, content: bytes) -> None:
        if len(written) == 10:
            raise OSError(28, "No space left on device")
        written.append(target)
        put(target, content)

    monkeypatch.setattr(extraction, "_put", until_full)
    with pytest.raises(TrainingError, match=r"No space left on device.*continues where it stopped"):
        prepared(pets, tmp_path / "out")
    monkeypatch.setattr(extraction, "_put", put)
    check_unfinished(tmp_path / "out")

    assert sum(prepared(pets, tmp_path / "out").photos.values()) == 40


def test_a_photo_that_cannot_be_decompressed_is_listed(
    pets: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(pets / "train.zip", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train/cat.77.jpg", encoded((40, 30), 33))
        start = archive.getinfo("train/cat.77.jpg").header_offset
    content = bytearray((pets / "train.zip").read_bytes())
    content[start + 60 : start + 90] = bytes(30)
    (pets / "train.zip").write_bytes(content)

    command = ["prepare", "dogs-vs-cats", str(pets / "train.zip"), str(tmp_path / "out")]
    assert main(command) == 1

    assert "train.zip is damaged: 1 photo can't be read from it" in capsys.readouterr().err
    assert "cat.77.jpg,it can't be read from the archive" in (
        tmp_path / "out" / DAMAGED_LIST
    ).read_text("utf-8")


def test_an_archive_for_later_programs_is_refused(pets: Path, tmp_path: Path) -> None:
    content = bytearray((pets / "train.zip").read_bytes())
    content[content.index(b"PK\x01\x02") + 6] = 99  # The version that is needed to extract it.
    (pets / "train.zip").write_bytes(content)

    with pytest.raises(TrainingError, match=r"is not a valid zip file \(zip file version 9\.9\)"):
        prepared(pets, tmp_path / "out")
