"""Bulk runs against a fake gateway: results, failures, resuming."""

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from client import Refused
from client.__main__ import main
from client.bulk import BulkError, Options, ServerAway, Summary, classify_folder
from tests.client.bulk.conftest import Gateway

KILLS = int(os.environ.get("PHOTOLABEL_BULK_KILLS", "2"))


def run(
    gateway: Gateway, folder: Path, out: str = "out.csv", said: Any = print, **options: Any
) -> Summary:
    target = folder.parent / out
    return classify_folder(gateway.url, "clothing", folder, target, Options(**options), said=said)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder.parent / "out.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def images(folder: Path) -> list[str]:
    return sorted(row["image"] for row in rows(folder))


def everything(folder: Path) -> list[str]:
    return sorted(str(photo.relative_to(folder)) for photo in folder.rglob("*.jpg"))


def test_each_photo_has_a_row(gateway: Gateway, folder: Path) -> None:
    summary = run(gateway, folder)

    assert (summary.photos, summary.bad, summary.versions) == (60, 0, {3})
    assert images(folder) == everything(folder)
    first = rows(folder)[0]
    assert first["label"] in ("Shirt", "T-shirt/top")
    assert json.loads(first["probabilities"]) == {first["label"]: float(first["probability"])}


def test_bad_and_unreadable_photos_are_rows_with_an_error(gateway: Gateway, folder: Path) -> None:
    (folder / "bad.jpg").write_bytes(b"bad")
    (folder / "dangling.jpg").symlink_to("nowhere")
    (folder / "loop").symlink_to(folder)
    (folder / "notes.txt").write_text("no photo")
    os.mkfifo(folder / "pipe.jpg")

    assert run(gateway, folder).bad == 2
    errors = {row["image"]: row["error"] for row in rows(folder) if row["error"]}
    assert errors["bad.jpg"] == "It is damaged."
    assert "No such file" in errors["dangling.jpg"]
    assert len(images(folder)) == 62


def test_a_folder_that_can_t_be_read_is_a_row_too(
    gateway: Gateway, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for _ in range(20):  # Its path is longer than Linux takes: root can read anything else.
        os.mkdir("d" * 250)
        os.chdir("d" * 250)
    assert run(gateway, folder).bad == 1
    [row] = [row for row in rows(folder) if row["error"]]
    assert row["image"].endswith("d/")
    assert row["error"] == "can't be read: File name too long"


def test_a_file_too_large_for_memory_is_a_row_with_an_error(gateway: Gateway, folder: Path) -> None:
    with (folder / "huge.jpg").open("wb") as file:
        file.truncate(2**40)
    assert run(gateway, folder).bad == 1


@pytest.mark.parametrize("name", [b'a,b".jpg', b"new\nline.jpg", b"\xff.jpg", b"back\\slash.jpg"])
def test_odd_names(gateway: Gateway, tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / os.fsdecode(name)).write_bytes(b"photo")

    run(gateway, folder)
    run(gateway, folder, "out.jsonl")
    assert run(gateway, folder).resumed == 1
    assert len((tmp_path / "out.csv").read_text().splitlines()) == 2
    assert os.fsencode(json.loads((tmp_path / "out.jsonl").read_text())["image"]) == name


def test_a_server_that_fails_often(gateway: Gateway, folder: Path) -> None:
    gateway.failing = 0.2
    assert run(gateway, folder).bad == 0
    assert images(folder) == everything(folder)


def test_it_resumes_after_an_outage(gateway: Gateway, folder: Path) -> None:
    gateway.failing = 1.0
    with pytest.raises(ServerAway, match="the same command resumes"):
        run(gateway, folder, give_up=0.3)
    gateway.failing = 0.0
    run(gateway, folder)
    assert images(folder) == everything(folder)


def test_a_torn_line_is_repaired(gateway: Gateway, folder: Path) -> None:
    run(gateway, folder)
    journal = folder.parent / "out.csv.journal"
    os.truncate(journal, journal.stat().st_size - 5)

    assert run(gateway, folder).resumed == 59
    assert images(folder) == everything(folder)
    assert gateway.photos == 61


def test_other_settings_are_refused(gateway: Gateway, folder: Path) -> None:
    run(gateway, folder)
    with pytest.raises(BulkError, match="begun with top None, now it is 1"):
        run(gateway, folder, top=1)


def test_a_new_version_is_said_and_recorded(gateway: Gateway, folder: Path) -> None:
    said: list[str] = []
    run(gateway, folder)
    (folder / "new.jpg").write_bytes(b"new")
    gateway.version = 4
    run(gateway, folder, said=said.append)
    assert said == ["the model's version is now 4, before 3"]
    assert {row["version"] for row in rows(folder)} == {"3", "4"}


def test_where_needs_no_further_requests(gateway: Gateway, folder: Path) -> None:
    run(gateway, folder)
    summary = run(gateway, folder, where=["recognized=false", "label=Shirt"])
    assert gateway.photos == 60
    kept = rows(folder)
    assert 0 < len(kept) < 60
    assert (summary.kept, summary.photos) == (len(kept), 60)
    assert {(row["recognized"], row["label"]) for row in kept} == {("false", "Shirt")}


@pytest.mark.parametrize("text", ["recognized=maybe", "label<3", "color=red", "probability=x"])
def test_invalid_conditions(gateway: Gateway, folder: Path, text: str) -> None:
    with pytest.raises(BulkError, match="is not a condition"):
        run(gateway, folder, where=[text])


def test_photos_are_sorted_into_folders(gateway: Gateway, folder: Path) -> None:
    for _ in range(2):
        run(gateway, folder, sort_into=folder / "sorted")
    found = list((folder / "sorted").rglob("*.jpg"))
    assert len(found) == 60
    assert {p.name for p in (folder / "sorted").iterdir()} == {
        "Shirt",
        "T-shirt-top",
        "unrecognized",
    }


def test_photos_are_not_sorted_into_their_own_folder(gateway: Gateway, folder: Path) -> None:
    with pytest.raises(BulkError, match="choose another"):
        run(gateway, folder, sort_into=f"{folder}/.")
    assert run(gateway, folder, sort_into=str(folder / "sorted")).unsorted == 0


def test_parquet(gateway: Gateway, folder: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    run(gateway, folder, "out.parquet")
    table = parquet.read_table(folder.parent / "out.parquet")
    assert sorted(table["image"].to_pylist()) == everything(folder)


def test_the_server_s_refusal_ends_the_run(gateway: Gateway, folder: Path) -> None:
    with pytest.raises(Refused, match="404 There is no such model"):
        classify_folder(gateway.url, "gloves", folder, folder.parent / "x.csv")


def test_the_command(gateway: Gateway, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["bulk", "clothing", str(folder), "--url", gateway.url]
    out = folder.parent / "out.csv"
    assert main([*arguments, "--out", str(out), "--dry-run"]) == 0
    assert capsys.readouterr().out == "60 photos, 8 requests\n"
    assert main([*arguments, "--out", str(out)]) == 0
    assert main([*arguments, "--out", str(out.with_suffix(".txt"))]) == 2
    assert "must end in" in capsys.readouterr().err


def test_a_run_has_one_name_for_all_requests(gateway: Gateway, folder: Path) -> None:
    arguments = ["bulk", "clothing", str(folder), "--url", gateway.url, "--out"]
    assert main([*arguments, str(folder.parent / "first.csv")]) == 0
    [first] = gateway.callers
    gateway.callers.clear()
    assert main([*arguments, str(folder.parent / "second.csv"), "--client-id", "me"]) == 0
    assert first
    assert gateway.callers == {"me"}


@pytest.mark.integration
def test_killed_at_random_each_photo_is_once_in_the_results(gateway: Gateway, folder: Path) -> None:
    gateway.seconds = 0.2
    for number in range(30 * KILLS):
        (folder / f"more-{number}.jpg").write_bytes(b"more %d" % number)
    out = folder.parent / "out.csv"
    command = [sys.executable, "-m", "client", "bulk", "clothing", str(folder), "--out", str(out)]
    killed = 0
    for _ in range(KILLS):
        out.unlink(missing_ok=True)  # A run writes it again from the journal.
        process = subprocess.Popen([*command, "--url", gateway.url])
        while not out.exists():
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.5))
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert subprocess.run([*command, "--url", gateway.url], check=False).returncode == 0
    assert killed
    assert images(folder) == everything(folder)


@pytest.mark.integration
def test_a_second_run_is_refused(gateway: Gateway, folder: Path) -> None:
    gateway.seconds = 0.5
    out = folder.parent / "out.csv"
    command = [sys.executable, "-m", "client", "bulk", "clothing", str(folder), "--out", str(out)]
    with subprocess.Popen([*command, "--url", gateway.url]) as process:
        while not out.exists():
            time.sleep(0.01)
        with pytest.raises(BulkError, match="another run"):
            run(gateway, folder)
        assert process.wait() == 0
    assert images(folder) == everything(folder)
