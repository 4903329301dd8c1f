"""What systems and programs leave beside photos, and links."""

import os
from pathlib import Path

import pytest

from tests.training.backbones import write_photos
from tests.training.data.loaders.test_image_folders import contents, load
from training.data.class_folders import (
    PHOTO_FILES,
    LeftOut,
    class_folders,
    left_out_line,
    photos_below,
)
from training.errors import TrainingError


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos", {"cats": 9, "dogs": 9})


def put(path: Path, content: bytes = b"junk") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("files", "line"),
    [
        (["cats/@eaDir/1.png/THUMB.png", "dogs/@eaDir/2.png"], "left out 2 files: 2 in @eaDir"),
        (["@eaDir/1.png"], "left out 1 file: 1 in @eaDir"),
        (["cats/#recycle/1.png"], "left out 1 file: 1 in #recycle"),
        (["__MACOSX/cats/._1.png"], "left out 1 file: 1 in __MACOSX"),
        (["$RECYCLE.BIN/a.png"], "left out 1 file: 1 in $RECYCLE.BIN"),
        (["lost+found/a.png", "cats/lost+found/b"], "left out 2 files: 2 in lost+found"),
        (["cats/.DS_Store", "cats/._1.png", ".git/a/b"], "left out 3 files: 3 hidden"),
        (["cats/Thumbs.db"], "left out 1 file: 1 Thumbs.db"),
        (
            ["1.JPG", "of a cat.avif", "notes.txt", "photos.csv", "cats.zip"],
            "left out 2 files: 2 outside the class folders",
        ),
        (["._1.jpg", ".directory"], "left out 1 file: 1 hidden"),
        (
            ["cats/desktop.ini", "dogs/@EADIR/1", "dogs/@EADIR/2"],
            "left out 3 files: 1 desktop.ini, 2 in @EADIR",
        ),
    ],
)
def test_what_systems_leave_is_no_photo_and_counted(
    photos: Path, files: list[str], line: str
) -> None:
    before = load(photos)
    for name in files:
        put(photos / name, (photos / "cats" / "1.png").read_bytes()[::-1])

    data = load(photos)

    assert data.labels == ("cats", "dogs")
    assert data.notes == (line,)
    assert data.damaged == ()
    assert data.digest == before.digest


def test_it_is_left_out_of_folders_of_splits_too(tmp_path: Path) -> None:
    folder = tmp_path / "splits"
    for first, name in enumerate(("train", "val", "test")):
        write_photos(folder / name, {"cats": 3, "dogs": 3}, first=10 * first)
        put(folder / name / "cats" / "@eaDir" / "1.png")
        put(folder / name / "__MACOSX" / "._a")
        put(folder / name / "1.jpg")
    put(folder / "2.jpg")

    data = load(folder)

    assert data.labels == ("cats", "dogs")
    assert data.notes == (
        "left out 10 files: 3 in @eaDir, 3 in __MACOSX, 4 outside the class folders",
    )


def test_linked_folders_and_files_are_followed(photos: Path, tmp_path: Path) -> None:
    elsewhere = write_photos(tmp_path / "elsewhere", {"cats": 20, "one": 1}, first=50)
    (photos / "cats" / "more").symlink_to(elsewhere / "cats")
    (photos / "dogs" / "linked.png").symlink_to(elsewhere / "one" / "50.png")
    (photos / "birds").symlink_to(write_photos(tmp_path / "b", {"birds": 5}, first=90) / "birds")

    data = load(photos)

    assert data.labels == ("birds", "cats", "dogs")
    assert sum(map(len, data.splits)) == 29 + 10 + 5
    assert data.damaged == data.notes == ()


def test_a_loop_of_links_ends_and_each_file_counts_once(photos: Path) -> None:
    (photos / "cats" / "all").symlink_to(photos)
    (photos / "cats" / "loop").symlink_to(photos / "cats")
    (photos / "cats" / "old").mkdir()
    (photos / "cats" / "old" / "up").symlink_to(photos / "cats")
    (photos / "cats" / "z.png").symlink_to(photos / "cats" / "1.png")

    data = load(photos)

    assert sum(map(len, data.splits)) == 18
    assert data.notes == ("left out 4 files: 4 linked a second time",)
    assert data.damaged == ()


def test_a_photo_linked_into_two_classes_has_two_labels(photos: Path) -> None:
    (photos / "dogs" / "cat.png").symlink_to(photos / "cats" / "1.png")

    data = load(photos)

    expected = "cats/1.png and dogs/cat.png: the same photo under different labels"
    assert data.damaged == (expected,)


def test_dead_links_are_left_out(photos: Path) -> None:
    (photos / "cats" / "a.jpg").symlink_to("/nowhere/a.jpg")
    (photos / "cats" / "self").symlink_to(photos / "cats" / "self")

    data = load(photos)

    assert data.damaged[0] == (
        "cats/a.jpg: it can't be read (the link leads to /nowhere/a.jpg, which does not exist)"
    )
    assert data.damaged[1].startswith("cats/self: it can't be read (the link leads to ")
    assert sum(map(len, data.splits)) == 18


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_named(photos: Path) -> None:
    (photos / "cats" / "old").mkdir(mode=0)

    with pytest.raises(TrainingError, match=r"cannot read the folder .*old .Permission denied"):
        load(photos)


def test_a_name_that_cannot_be_printed_is_no_label(photos: Path) -> None:
    (photos / "bi\nrds").mkdir()

    with pytest.raises(TrainingError, match=r"sub-folder 'bi\\nrds', which can't be a label"):
        class_folders(photos, LeftOut())


def test_photos_are_listed_in_the_order_of_their_names(photos: Path) -> None:
    put(photos / "cats" / "a" / "b.png")

    names = [photo.name for photo in photos_below(photos / "cats", photos, LeftOut())]

    assert names == [*(f"cats/{number}.png" for number in range(9)), "cats/a/b.png"]
    assert contents(load(photos).training.photos)


def test_a_name_with_a_line_break_is_that_of_a_photo() -> None:
    assert PHOTO_FILES.fullmatch("a\nb.jpg")


def test_nothing_is_said_where_nothing_is_left_out() -> None:
    assert left_out_line(LeftOut({"hidden": 0})) == ""
