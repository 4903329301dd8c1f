"""`collect`: which photos it lays out, for whom it leaves them out, and what it never touches."""

import csv
import errno
import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.drawing import encode
from tests.training.labelling.bulk_run import LABELS, page_data, picture, row, write_run
from training.__main__ import main
from training.data.photo_lists import read_photo_list
from training.labelling.bulk_results import Answer
from training.labelling.order import at_random
from training.model_cards import VERSION_CARD
from training.publishing.training_photos import (
    VERSION_TRAINING_PHOTOS,
    ascending,
    write_training_photos,
)

ROWS = [
    row("phone/1.jpg", 0.5, 0.4, 0.1),
    row("2.jpg", 0.4, 0.5, 0.1, recognized=False),
    row("3.jpg", 0.1, 0.2, 0.7),
    row("4.jpg", 0.1, 0.8, 0.1),
    {"image": "5.jpg", "error": "it is broken"},
]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    return write_run(tmp_path, ROWS)


def collect(output: str, *words: str, folder: str = "photos") -> int:
    return main(
        ["collect", "clothing", folder, "--results", "results.csv", *("--output", output), *words]
    )


def shown(output: str = "out") -> list[str]:
    return [photo["image"] for photo in page_data(Path(output, "index.html"))["photos"]]


def files(folder: str = "out") -> list[str]:
    found = (path for path in Path(folder).rglob("*") if path.is_file())
    return sorted(str(path.relative_to(folder)) for path in found)


def publish(contents: list[bytes], **card: Any) -> None:
    """Write what `collect` reads of a published version."""
    version = Path("models/clothing/1")
    (version / VERSION_CARD).parent.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    (version / VERSION_CARD).write_text(json.dumps(card))
    digests = ascending([hashlib.sha256(each).hexdigest() for each in contents])
    write_training_photos(digests, version / VERSION_TRAINING_PHOTOS)


def test_the_page_shows_the_photos_that_tell_most(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert collect("out") == 0

    data = page_data(Path("out/index.html"))
    assert shown() == ["2.jpg", "phone/1.jpg", "3.jpg", "4.jpg"]
    assert data["labels"] == ["Bag", "Coat", "T-shirt/top", "other"]
    first = data["photos"][0]
    assert (first["guess"], first["probability"], first["recognized"]) == ("Coat", 0.5, False)
    assert first["path"] == str(Path("photos/2.jpg").absolute())
    said = capsys.readouterr().out
    assert "left out: 5.jpg: it is broken" in said
    assert "there is no published model clothing" in said
    assert files() == ["index.html"], "the photos stay where they are"


def test_count_and_a_second_time_give_the_same(results: Path) -> None:
    assert collect("out", "--count", "2") == 0
    page = Path("out/index.html").read_bytes()
    assert collect("out", "--count", "2") == 0

    assert shown() == ["2.jpg", "phone/1.jpg"]
    assert Path("out/index.html").read_bytes() == page


def test_a_random_choice_is_another_one(results: Path) -> None:
    assert collect("out", "--random") == 0

    assert sorted(shown()) == ["2.jpg", "3.jpg", "4.jpg", "phone/1.jpg"]
    assert shown() == [each.image for each in at_random(map(Answer, shown()))]


def test_copies_are_shown_once(results: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    shutil.copy(photos / "2.jpg", photos / "3.jpg")
    smaller = picture(1, (320, 240)).resize((160, 120))
    (photos / "4.jpg").write_bytes(encode(smaller, "WEBP", quality=30))

    assert collect("out") == 0

    assert shown() == ["2.jpg", "phone/1.jpg"]


def test_photos_that_the_model_was_trained_on_are_left_out(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish([Path("photos/2.jpg").read_bytes()], labels=[*LABELS, "Dress"])

    assert collect("out") == 0

    assert shown() == ["phone/1.jpg", "3.jpg", "4.jpg"]
    assert page_data(Path("out/index.html"))["labels"] == [*LABELS, "Dress", "other"]
    assert "left out as trained on: 1 photo" in capsys.readouterr().out


def test_photos_of_the_list_are_left_out_and_saved_again(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert collect("out") == 0
    listed = [str(Path("photos/2.jpg").absolute()), "other"]
    with Path("out/photos.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["path", "label"], listed])

    assert collect("out") == 0

    assert shown() == ["phone/1.jpg", "3.jpg", "4.jpg"]
    assert "left out as collected before: 1 photo" in capsys.readouterr().out
    assert page_data(Path("out/index.html"))["earlier"] == [listed]
    assert len(read_photo_list(Path("out/photos.csv"))) == 1, "it is not touched"


def test_folders_keep_guesses_apart_from_what_is_sorted(results: Path) -> None:
    assert collect("out", "--folders", "--count", "3") == 0

    assert sorted(path.name for path in Path("out/sorted").iterdir()) == [
        *("Bag", "Coat", "T-shirt_top", "other")
    ]
    assert [name.rpartition("-")[0] for name in files()] == [
        *("to-sort/Bag/3", "to-sort/Coat/2", "to-sort/T-shirt_top/1")
    ]
    copied = next(Path("out/to-sort/Coat").iterdir())
    assert copied.read_bytes() == Path("photos/2.jpg").read_bytes()
    assert not copied.samefile("photos/2.jpg")


def test_folders_fill_up_and_keep_what_a_person_has_sorted(results: Path) -> None:
    assert collect("out", "--folders", "--link", "--count", "2") == 0
    before = files()
    assert collect("out", "--folders", "--link", "--count", "2") == 0
    assert files() == before, "as many wait already"
    moved = next(Path("out/to-sort/Coat").iterdir()).rename("out/sorted/other/mine.jpg")
    moved.write_bytes(moved.read_bytes())

    assert collect("out", "--folders", "--link", "--count", "2") == 0

    assert moved.exists()
    assert [name.split("/")[1] for name in files() if "to-sort" in name] == ["Bag", "T-shirt_top"]
    linked = next(Path("out/to-sort/Bag").iterdir())
    assert linked.samefile("photos/3.jpg")


def test_a_disk_that_is_full_leaves_no_part_of_a_photo(
    results: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(target))

    with monkeypatch.context() as patched:
        patched.setattr("shutil.copy2", fail)
        assert collect("out", "--folders") == 1
    assert capsys.readouterr().err == (
        "error: cannot write to out (No space left on device): free some space, or take another"
        " --output\n"
    )
    assert files() == []
    assert collect("out", "--folders") == 0
    assert len(files()) == 4


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["out", "--count", "0"], 2, "--count is 1 to 2,000 photos, not 0"),
        (["out", "--link"], 2, "--link is for --folders"),
        (["photos/out"], 2, "photos/out is inside photos"),
        (["mine"], 2, "mine is not empty, and not from an earlier `collect`"),
        (["results.csv"], 1, "cannot use results.csv (File exists)"),
        (["out", "--results", "none.csv"], 2, "there are no results none.csv"),
    ],
)
def test_wrong_arguments_are_one_line(
    results: Path, words: list[str], status: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("mine").mkdir()
    Path("mine/index.html").write_text("<title>My page</title>")

    assert collect(*words) == status

    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert files("mine") == ["index.html"]
    assert Path("mine/index.html").read_text() == "<title>My page</title>"


def test_photos_that_are_gone(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("photos/2.jpg").unlink()
    assert collect("out") == 0
    assert shown() == ["phone/1.jpg", "3.jpg", "4.jpg"]
    assert "left out: 2.jpg: No such file or directory" in capsys.readouterr().out

    Path("elsewhere").mkdir()
    assert collect("out", folder="elsewhere") == 1
    assert "none of the 4 photos in results.csv can be read in" in capsys.readouterr().err
    assert shown() == ["phone/1.jpg", "3.jpg", "4.jpg"], "the earlier page stays"


def test_a_name_that_no_list_can_have(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, [row("caf\udce9.jpg", 0.5, 0.4, 0.1), row("b.jpg", 0.5, 0.4, 0.1)])

    assert collect("out") == 0
    assert shown() == ["b.jpg"]
    assert "rename it, its name is not UTF-8" in capsys.readouterr().out
    assert collect("sorted", "--folders") == 0
    assert len(files("sorted")) == 2


def test_results_of_another_model(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish([], labels=["cat", "dog"])

    assert collect("out") == 2
    assert "'Bag', which clothing does not have" in capsys.readouterr().err


def test_labels_that_would_share_a_folder(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish([], labels=[*LABELS, "t-shirt:top"])

    assert collect("out", "--folders") == 2
    assert "'T-shirt/top' and 't-shirt:top' would have the same folder" in capsys.readouterr().err
    assert collect("out") == 0
